"""MobileNetV2 slim U-Net: `mnv2_unet` with the work taken out that its IoU does not need.

What differs from `zoo.mnv2_unet`, each measured in docs/training.md:

- Skips are added and not concatenated, so that the decoder's blocks read half the channels and may
  be residual themselves.
- The encoder's last block (320 channels at width 1.0) serves classification and is not kept.
- The sigmoid comes before the last resize, where it has a quarter of the positions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2
from torchvision.models.mobilenetv2 import InvertedResidual

from zoo.mnv2_unet import LEAST_CHANNELS, double, out_channels, pad_one_side
from zoo.network import SegmentationNetwork, Sum

# Index of the last block of `features` at each stride 2, 4, 8, 16, 32.
LEVELS = (1, 3, 6, 13, 16)
# Of the decoder's inverted residuals, from stride 16 to 2.
EXPANSIONS = (3, 3, 3, 2)
# Keeps the logit of a probability of 0 or 1 finite.
_EPSILON = 1e-6


class MobileNetV2SlimUNet(SegmentationNetwork):
    """Skips at strides 2, 4, 8, 16; decoded from 32 to 2; the probability is resized to the input.

    Every channel count derives from the encoder's at that level, so any width multiplier works.
    """

    def __init__(self, width_multiplier: float) -> None:
        super().__init__()
        features = mobilenet_v2(weights=None, width_mult=width_multiplier).features
        self.encoder = features[: LEVELS[-1] + 1]
        pad_one_side(self.encoder)
        *skips, deep = [out_channels(features[level]) for level in LEVELS]
        blocks = []
        for skip, least, expansion in zip(skips[::-1], LEAST_CHANNELS, EXPANSIONS, strict=True):
            channels = max(skip, least)
            blocks.append(AddingBlock(deep, skip, channels, expansion))
            deep = channels
        self.decoder = nn.ModuleList(blocks)
        self.head = nn.Conv2d(deep, 1, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """The logit of what `probability` gives, so that training sees what is deployed."""
        return torch.logit(self.probability(image), _EPSILON)

    def probability(self, image: Tensor) -> Tensor:
        skips: list[Tensor] = []
        x = image
        for index, block in enumerate(self.encoder.children()):
            x = block(x)
            if index in LEVELS[:-1]:
                skips.append(x)
        for up, skip in zip(self.decoder, reversed(skips), strict=True):
            x = up(x, skip)
        return double(torch.sigmoid(self.head(x).float()))


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


def _projection(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(given, made, kernel_size=1, bias=False), nn.BatchNorm2d(made))
