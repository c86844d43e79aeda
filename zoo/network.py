"""What every architecture of the zoo is to the rest of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
