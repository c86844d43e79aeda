"""The parent project's topology, for comparison: akirasosa/mobile-semantic-segmentation.

At width 1.0 it has the parent's tensors, shape for shape, so its checkpoints load (its
`MobileNetV2_unet`: timm's mobilenetv2_100 and four up-sampling blocks). What was found there:

- The 1280-channel convolution is kept, its batch norm and ReLU6 are deleted: it runs straight into
  the first transposed convolution.
- Inputs are RGB in 0..1 and nothing else: ImageNet normalisation is commented out. So none is done
  here, and padding means black, as it did when the weights were learned.
- It ends at half the input's size in a sigmoid; its loss and its users resize the probability. Here
  the logit is resized, as in the whole zoo: the values at half size are the parent's, a contour
  between them can differ by less than a pixel.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2
from torchvision.models.mobilenetv2 import InvertedResidual

from zoo.mnv2_unet import pad_one_side
from zoo.network import UNet, double

# Index in `features` of the last block at each stride 2, 4, 8, 16, then of the 1280-channel head.
SKIPS = (1, 3, 6, 13)
HEAD = 18
EXPANSION = 6
# Between the two last 1x1 convolutions, at any width: nothing but a linear map lies between them.
BOTTLENECK = 3


class ParentUNet(UNet):
    """Skips at strides 2, 4, 8, 16; decoded from 32 to 2 by 4x4 transposed convolutions.

    The parent writes its channels (96, 32, 24, 16) for width 1.0; they are the encoder's own at
    each level, and so here at any width. As in torchvision, the head keeps 1280 below 1.0.
    """

    def __init__(self, width_multiplier: float) -> None:
        super().__init__()
        features = mobilenet_v2(weights=None, width_mult=width_multiplier).features
        convolution = next(features[HEAD].children())
        self.encoder = nn.Sequential(*features[:HEAD], nn.Sequential(convolution))
        levels = [*SKIPS, HEAD]
        channels = [features[level].out_channels for level in levels]
        self.decoder = nn.ModuleList(
            UpBlock(deep, skip)
            for deep, skip in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Sequential(
            nn.Conv2d(channels[0], BOTTLENECK, kernel_size=1),
            nn.Conv2d(BOTTLENECK, 1, kernel_size=1),
        )
        self.skips = SKIPS

    def forward(self, image: Tensor) -> Tensor:
        return double(self.decoded(image))


class TFParentUNet(ParentUNet):
    """The same for Keras' ImageNet weights, which were trained with padding at the bottom and right
    only: with the parent's own they lose most of what they learned."""

    def __init__(self, width_multiplier: float) -> None:
        super().__init__(width_multiplier)
        pad_one_side(self.encoder)


class UpBlock(nn.Module):
    """[N, deep, h, w] and [N, skip, 2h, 2w] to [N, skip, 2h, 2w]."""

    def __init__(self, deep: int, skip: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(deep, skip, kernel_size=4, stride=2, padding=1)
        self.mix = InvertedResidual(2 * skip, skip, stride=1, expand_ratio=EXPANSION)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        mixed: Tensor = self.mix(torch.cat([skip, self.up(deep)], dim=1))
        return mixed
