"""A photograph with its hair tinted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TINT = (214, 39, 140)
STRENGTH = 0.55


def overlay(photograph: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """RGB, with the pixels of `mask` [height, width] blended towards the tint."""
    pixels = np.asarray(photograph, dtype=np.float32)
    tinted = pixels * (1 - STRENGTH) + np.array(TINT, dtype=np.float32) * STRENGTH
    return Image.fromarray(np.where(mask[..., None], tinted, pixels).round().astype(np.uint8))
