"""MobileNetV2 slim U-Net: `mnv2_unet` with the work taken out that its IoU does not need.

What differs from `zoo.mnv2_unet`:

- Skips are added and not concatenated, so that the decoder's blocks read half the channels and may
  be residual themselves.
- The encoder's last block (320 channels at width 1.0) serves classification and is not kept.
- The sigmoid comes before the last resize, where it has a quarter of the positions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual

from zoo.mnv2_unet import MobileNetV2UNet
from zoo.network import Sum, double

# Keeps the logit of a probability of 0 or 1 finite.
_EPSILON = 1e-6


def _projection(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(given, made, kernel_size=1, bias=False), nn.BatchNorm2d(made))


class AddingBlock(nn.Module):
    """[N, deep, h, w] and [N, skip, 2h, 2w] to [N, channels, 2h, 2w].

    Both are brought to `channels` by a 1x1 convolution, a skip that has as many is taken as it is.
    """

    def __init__(self, deep: int, skip: int, channels: int, expansion: int) -> None:
        super().__init__()
        self.reduce = _projection(deep, channels)
        self.lateral = nn.Identity() if skip == channels else _projection(skip, channels)
        self.sum = Sum()
        self.mix = InvertedResidual(channels, channels, stride=1, expand_ratio=expansion)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        mixed: Tensor = self.mix(self.sum(double(self.reduce(deep)), self.lateral(skip)))
        return mixed


class MobileNetV2SlimUNet(MobileNetV2UNet):
    """As `MobileNetV2UNet`, but that the probability is resized to the input, and not the logit."""

    levels = (1, 3, 6, 13, 16)
    expansions = (3, 3, 3, 2)
    block = AddingBlock

    def forward(self, image: Tensor) -> Tensor:
        """The logit of what `probability` gives, so that training sees what is deployed."""
        return torch.logit(self.probability(image), _EPSILON)

    def probability(self, image: Tensor) -> Tensor:
        return double(torch.sigmoid(self.decoded(image).float()))
