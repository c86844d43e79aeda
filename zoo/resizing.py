"""The one definition of how a photograph is resized to the input, and a mask to the photograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zoo.preprocess import THRESHOLD, Float32, UInt8, scaled


def resized(image: Image.Image, size: int) -> UInt8:
    """RGB uint8 [size, size, 3], by PIL bilinear (which filters when it shrinks)."""
    small = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)


def to_input(image: Image.Image, size: int) -> Float32:
    """The network's input as float32 [1, 3, size, size], RGB in 0..1."""
    return scaled(resized(image, size)[None])


def mask_at(
    probability: Float32, width: int, height: int, threshold: float = THRESHOLD
) -> NDArray[np.bool_]:
    """Hair or not at [height, width], from probabilities [S, S]: bilinear, then the threshold."""
    return probability_at(probability, width, height) > threshold


def probability_at(probability: Float32, width: int, height: int) -> Float32:
    """Probabilities [height, width] from [S, S], by PIL bilinear."""
    image = Image.fromarray(np.ascontiguousarray(probability, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
