"""MobileNetV2-UNet: torchvision's MobileNetV2 as the encoder, a lean U-Net decoder.

MobileNetV2: Sandler et al., arXiv 1801.04381. U-Net: Ronneberger et al., arXiv 1505.04597. The
encoder's 1280-channel convolution (torchvision's `features[18]`) serves classification and is not
kept: with the parent project's transposed convolution behind it, it costs two thirds of the
encoder at width 0.5.

Two things differ from torchvision's encoder, so that no runtime does work for nothing:

- Stride-2 convolutions are padded at the bottom and right only, as in Keras and TensorFlow. For
  even inputs that is TFLite's own SAME padding: its files need no PAD operator, and Keras'
  ImageNet weights fit as they were trained.
- Inputs are RGB in 0..1, nothing is subtracted or divided: pretrained first layers are converted.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2
from torchvision.models.mobilenetv2 import InvertedResidual

from zoo.network import UNet, double

# The decoder's levels, from stride 16 to 2. Channels: the encoder's own there, but at least these:
# narrow encoders have too few to draw a contour with.
LEAST_CHANNELS = (64, 32, 16, 8)


class DecoderBlock(nn.Module):
    """[N, deep, h, w] and [N, skip, 2h, 2w] to [N, channels, 2h, 2w].

    1x1 reduction before the resize, so that the resize touches the fewest channels.
    """

    def __init__(self, deep: int, skip: int, channels: int, expansion: int) -> None:
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(deep, channels, kernel_size=1, bias=False), nn.BatchNorm2d(channels)
        )
        self.mix = InvertedResidual(channels + skip, channels, stride=1, expand_ratio=expansion)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        mixed: Tensor = self.mix(torch.cat([double(self.reduce(deep)), skip], dim=1))
        return mixed


class MobileNetV2UNet(UNet):
    """Skips at strides 2, 4, 8, 16; decoded from 32 to 2; the logit is resized to the input.

    Every channel count derives from the encoder's at that level, so any width multiplier works.
    """

    # Index of the last block of `features` at each stride 2, 4, 8, 16, 32.
    levels = (1, 3, 6, 13, 17)
    # Expansion of the inverted residuals: the fine levels hold four times the positions of the next
    # and little meaning, so they are the place to save.
    expansions = (6, 4, 2, 2)
    # Made of the channels of the coarser level and of the skip, of its own, and its expansion.
    block: Callable[[int, int, int, int], nn.Module] = DecoderBlock

    def __init__(self, width_multiplier: float) -> None:
        super().__init__()
        features = mobilenet_v2(weights=None, width_mult=width_multiplier).features
        self.encoder = features[: self.levels[-1] + 1]
        pad_one_side(self.encoder)
        *skips, deep = [_out_channels(features[level]) for level in self.levels]
        blocks = []
        for skip, least, expansion in zip(
            skips[::-1], LEAST_CHANNELS, self.expansions, strict=True
        ):
            channels = max(skip, least)
            blocks.append(self.block(deep, skip, channels, expansion))
            deep = channels
        self.decoder = nn.ModuleList(blocks)
        self.head = nn.Conv2d(deep, 1, kernel_size=1)
        self.skips = self.levels[:-1]

    def forward(self, image: Tensor) -> Tensor:
        return double(self.decoded(image))


class OneSidedConv2d(nn.Conv2d):
    """A 3x3 convolution of stride 2, padded by one at the bottom and right."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (0, 1, 0, 1)))


def pad_one_side(encoder: nn.Module) -> None:
    """Every convolution of stride 2 of it, as TensorFlow pads even inputs."""
    for parent in encoder.modules():
        for name, layer in parent.named_children():
            if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
                setattr(parent, name, _one_sided(layer))


def _one_sided(layer: nn.Conv2d) -> OneSidedConv2d:
    return OneSidedConv2d(
        layer.in_channels,
        layer.out_channels,
        kernel_size=3,
        stride=2,
        groups=layer.groups,
        bias=False,
    )


def _out_channels(block: nn.Module) -> int:
    return [m.out_channels for m in block.modules() if isinstance(m, nn.Conv2d)][-1]
