"""The one definition of how a photograph becomes an input, and a mask becomes an answer.

Used by training, export, the host and phones. The tensor contract, the same in every format:
input `image`, RGB in 0..1 at SxS; output `mask`, hair probability in 0..1 at SxS. No normalisation
comes between.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from zoo.base.errors import DataError
from zoo.base.pictures import RETOUCH, decode, decoding, read_regular, shown

INPUT_NAME = "image"
OUTPUT_NAME = "mask"
THRESHOLD = 0.5
PHOTOGRAPHS = ("JPEG", "PNG", "WEBP", "PPM")

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


def open_photograph(path: Path) -> Image.Image:
    """The photograph as upright RGB; raises DataError naming the file when it can not be read.

    Palettes, CMYK and transparency are converted; of several pictures in a file the first is
    taken. Grey of 16 bits is refused, for PIL would clip it to white.
    """
    source = shown(path)
    picture = decode(read_regular(path, follow=True), source, PHOTOGRAPHS)
    if picture.sixteen_bits and picture.image.mode not in ("RGB", "RGBA"):
        raise DataError(f"{source}: 16 bits a pixel", expected="8 bits a channel", remedy=RETOUCH)
    with decoding(source):
        return ImageOps.exif_transpose(picture.image).convert("RGB")


def resized(image: Image.Image, size: int) -> UInt8:
    """RGB uint8 [size, size, 3], by PIL bilinear (which filters when it shrinks)."""
    small = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)


def to_input(image: Image.Image, size: int) -> Float32:
    """The network's input as float32 [1, 3, size, size], RGB in 0..1."""
    return scaled(resized(image, size)[None])


def scaled(pixels: UInt8) -> Float32:
    """uint8 [N, S, S, 3] to float32 [N, 3, S, S] in 0..1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def mask_at(probability: Float32, width: int, height: int) -> NDArray[np.bool_]:
    """Hair or not at [height, width], from probabilities [S, S]: bilinear, then the threshold."""
    return probability_at(probability, width, height) > THRESHOLD


def probability_at(probability: Float32, width: int, height: int) -> Float32:
    """Probabilities [height, width] from [S, S], by PIL bilinear."""
    image = Image.fromarray(np.ascontiguousarray(probability, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
