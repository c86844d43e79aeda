"""Joint augmentation of a photograph and its mask: framing for both, light and faults for one.

Image and mask travel as one tensor of four channels, so that every move of pixels is shared by
construction and the mask keeps soft edges; colours are changed in the first three alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2

from train.config import Augmentation
from train.distort import (
    View,
    before,
    blurred,
    compressed,
    lit,
    lit_from_side,
    low_resolution,
    noisy,
    recoloured,
    seen,
)

# A view's shape against its photograph's, at most.
_STRETCH = 1.25


class Augment:
    """uint8 [4, H, W] (RGB, mask 0 or 255) to uint8 [4, size, size], by torch's generator; further
    channels move along. `another` gives a photograph to put behind this one's people."""

    def __init__(self, augmentation: Augmentation, size: int) -> None:
        self.drawn, self.size = augmentation, size
        a = augmentation
        self.colours = v2.Compose(
            [
                v2.ColorJitter(a.brightness, a.contrast, a.saturation),
                v2.RandomGrayscale(a.grayscale_share),
            ]
        )

    def __call__(self, pixels: Tensor, another: Callable[[], Tensor] | None = None) -> Tensor:
        a = self.drawn
        found = self._framed(pixels)
        if another is not None and _happens(a.background_share):
            behind = self._framed(another())
            found = before(found, behind)
        if _happens(a.recolour_share):
            colour = tuple(torch.rand(3).tolist())
            found = recoloured(found, (colour[0], colour[1], colour[2]), _between(0.4, 1.0))
        image = self.colours(found[:3])
        return torch.cat([_photographed(image, a), found[3:]])

    def _framed(self, pixels: Tensor) -> Tensor:
        return seen(pixels, _view(self.drawn), self.size, self.size)


def _view(a: Augmentation) -> View:
    """A crop that keeps most of the photograph; for `scale_share` anything from `zoom_min` on."""
    turned = a.rotation_degrees if _happens(a.rotation_share) else 0.0
    if _happens(a.scale_share):
        zoom = math.exp(_between(math.log(a.zoom_min), math.log(a.zoom_max)))
    else:
        zoom = 1 / math.sqrt(_between(a.crop_area_min, 1.0))
    stretch = math.exp(_between(-math.log(_STRETCH), math.log(_STRETCH)))
    # No side of a crop is longer than its photograph's.
    if zoom >= 1:
        stretch = min(max(stretch, 1 / zoom**2), zoom**2)
    x, y = (
        0.5 + _between(-0.5, 0.5) * abs(1 - side)
        for side in View(zoom=zoom, stretch=stretch).shares
    )
    return View(
        zoom=zoom,
        stretch=stretch,
        turn=_between(-turned, turned) if turned else 0.0,
        x=x,
        y=y,
        mirrored=_happens(0.5),
    )


def _photographed(image: Tensor, a: Augmentation) -> Tensor:
    """Light, focus, sensor and file, in the order in which a phone goes through them."""
    if _happens(a.light_share):
        gains = (_between(0.75, 1.3), 1.0, _between(0.75, 1.3))
        image = lit(image, math.exp(_between(-0.6, 0.6)), gains)
        image = lit_from_side(image, _between(0, 360), _between(0, 0.5))
    if _happens(a.blur_share):
        image = blurred(image, _between(0.002, 0.02))
    if _happens(a.low_resolution_share):
        image = low_resolution(image, _between(0.25, 0.7))
    if _happens(a.noise_share):
        image = noisy(image, _between(2, 20))
    if _happens(a.jpeg_share):
        image = compressed(image, int(_between(15, 80)))
    return image


def _happens(share: float) -> bool:
    return share > 0 and float(torch.rand(())) < share


def _between(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))
