"""What goes into a network and what comes out of it, and how a photograph is opened.

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
    """The photograph as upright RGB; raises DataError naming the file when it cannot be read.

    Palettes, CMYK and transparency are converted; of several pictures in a file the first is
    taken. Grey of 16 bits is refused, for PIL would clip it to white.
    """
    source = shown(path)
    picture = decode(read_regular(path, follow=True), source, PHOTOGRAPHS)
    if picture.sixteen_bits and picture.image.mode not in ("RGB", "RGBA"):
        raise DataError(f"{source}: 16 bits a pixel", expected="8 bits a channel", remedy=RETOUCH)
    with decoding(source):
        return ImageOps.exif_transpose(picture.image).convert("RGB")


def scaled(pixels: UInt8) -> Float32:
    """uint8 [N, S, S, 3] to float32 [N, 3, S, S] in 0..1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)
