"""Ways in which applications shrink a photograph to the input, and what shows their differences.

The zoo itself resizes as `resizing.resized` does, filtered. Many an API reads four pixels for
each of the input's and skips the others: grain, and whatever else is finer than the input's pixels,
then lands in the input as noise that no training photograph had.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image

from zoo.preprocess import UInt8
from zoo.resizing import resized

Resize = Callable[[Image.Image, int], UInt8]


def linear(image: Image.Image, size: int) -> UInt8:
    """Bilinear between the four nearest pixels: OpenCV's INTER_LINEAR, torch without antialias, a
    canvas of lowest quality, `Bitmap.createScaledBitmap` in one step."""
    columns, rows = image.width / size, image.height / size
    matrix = (columns, 0.0, 0.0, 0.0, rows, 0.0)
    small = image.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)


def area(image: Image.Image, size: int) -> UInt8:
    """Means of what each pixel covers: OpenCV's INTER_AREA."""
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.uint8)


def halving(image: Image.Image, size: int) -> UInt8:
    """By halves as long as that is no smaller than the input, each bilinear, then once more: what
    `Bitmap.createScaledBitmap` with filter can do."""
    while image.width >= 2 * size or image.height >= 2 * size:
        width = image.width // 2 if image.width >= 2 * size else image.width
        height = image.height // 2 if image.height >= 2 * size else image.height
        # Half of an odd side is no whole number: so much of the next pixel is read.
        matrix = (image.width / width, 0.0, 0.0, 0.0, image.height / height, 0.0)
        image = image.transform(
            (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
    return linear(image, size)


RESIZES: Mapping[str, Resize] = MappingProxyType(
    {"pil": resized, "linear": linear, "area": area, "halving": halving}
)


def as_photographed(image: Image.Image, side: int, grain: float, name: str) -> Image.Image:
    """The picture enlarged until its longer side has `side` pixels, with the noise of a sensor.

    grain: the deviation of normal noise, in levels of 0..255, each channel its own; drawn from the
    picture's name, so that it is the same each time.
    """
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    large = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    noise = np.random.default_rng(zlib.crc32(name.encode())).normal(0.0, grain, large.shape)
    return Image.fromarray(np.clip(np.rint(large + noise), 0, 255).astype(np.uint8))
