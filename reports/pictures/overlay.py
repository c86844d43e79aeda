"""A photograph with its hair tinted, or with what a mask gets wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TINT = (214, 39, 140)
# Told apart by people who see colours otherwise, too: light yellow and dark blue.
MISSED, TOO_MUCH = (255, 214, 0), (0, 70, 200)
STRENGTH = 0.55


def overlay(photograph: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """RGB, with the pixels of `mask` [height, width] blended towards the tint."""
    return _painted(photograph, [(mask, TINT)])


def errors(
    photograph: Image.Image, found: NDArray[np.bool_], labelled: NDArray[np.bool_]
) -> Image.Image:
    """RGB: hair that was found in the tint, MISSED, and what is none TOO_MUCH. Masks as above."""
    return _painted(
        photograph,
        [(found & labelled, TINT), (labelled & ~found, MISSED), (found & ~labelled, TOO_MUCH)],
    )


def _painted(
    photograph: Image.Image, layers: Sequence[tuple[NDArray[np.bool_], tuple[int, int, int]]]
) -> Image.Image:
    pixels = np.asarray(photograph, dtype=np.float32)
    for mask, colour in layers:
        tinted = pixels * (1 - STRENGTH) + np.array(colour, dtype=np.float32) * STRENGTH
        pixels = np.where(mask[..., None], tinted, pixels)
    return Image.fromarray(pixels.round().astype(np.uint8))
