"""Joint augmentation of a photograph and its mask, by torchvision's v2 transforms.

Image and mask travel as one tensor of four channels, so that every move of pixels is shared by
construction and the mask keeps soft edges; the colour transforms see the first three alone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.transforms import v2

from train.config import Augmentation

_BILINEAR = v2.InterpolationMode.BILINEAR


class Augment:
    """uint8 [4, H, W] (RGB, mask 0 or 255) to uint8 [4, size, size], by torch's generator; further
    channels move along."""

    def __init__(self, augmentation: Augmentation, size: int) -> None:
        a = augmentation
        self.moves = v2.Compose(
            [
                v2.RandomResizedCrop(
                    size,
                    scale=(a.crop_area_min, 1.0),
                    ratio=(0.8, 1.25),
                    interpolation=_BILINEAR,
                    antialias=True,
                ),
                v2.RandomHorizontalFlip(0.5),
                v2.RandomApply(
                    [v2.RandomRotation(a.rotation_degrees, interpolation=_BILINEAR)],
                    p=a.rotation_share,
                ),
            ]
        )
        self.colours = v2.Compose(
            [
                v2.ColorJitter(a.brightness, a.contrast, a.saturation),
                v2.RandomGrayscale(a.grayscale_share),
            ]
        )

    def __call__(self, pixels: Tensor) -> Tensor:
        moved = self.moves(pixels)
        return torch.cat([self.colours(moved[:3]), moved[3:]])
