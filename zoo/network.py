"""What every architecture of the zoo is to the rest of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SegmentationNetwork(nn.Module):
    """RGB [N, 3, S, S] in 0..1 to hair logits [N, 1, S, S].

    encoder: the part that may come pretrained, named as torchvision's `features`; the trainer
    gives it its own learning rate. Nothing is subtracted from the image nor is it divided, which
    would be work for a phone at every frame: pretrained weights are converted to that.
    """

    encoder: nn.Module

    def probability(self, image: Tensor) -> Tensor:
        """As it is exported: [N, 1, S, S] in 0..1."""
        return torch.sigmoid(self(image))


class UNet(SegmentationNetwork):
    """An encoder whose values at some blocks reach the decoder of that stride as well.

    decoder: blocks that take what is decoded so far, [N, C, h, w], and a skip, [N, D, 2h, 2w].
    head: to the logit. skips: the encoder's blocks whose values are skips, from fine to coarse.
    """

    decoder: nn.ModuleList
    head: nn.Module
    skips: tuple[int, ...]

    def decoded(self, image: Tensor) -> Tensor:
        """The logit as it is decoded, [N, 1, S / 2, S / 2]."""
        skips: list[Tensor] = []
        x = image
        for index, block in enumerate(self.encoder.children()):
            x = block(x)
            if index in self.skips:
                skips.append(x)
        for up, skip in zip(self.decoder, reversed(skips), strict=True):
            x = up(x, skip)
        logit: Tensor = self.head(x)
        return logit


def double(x: Tensor) -> Tensor:
    """[N, C, h, w] to [N, C, 2h, 2w]."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Sum(nn.Module):
    """Two tensors added. A module, so that its values have a name where ranges are looked up."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first + second


class Deployed(nn.Module):
    """The network as it is exported and measured: image in, probability out."""

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network.probability(image)
