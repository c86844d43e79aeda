"""The distinct values of a mask, both as a viewer shows them and as the file stores them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zoo.base.pictures import Picture, decoding

Float64 = NDArray[np.float64]
MODES = ("1", "L", "P", "PA", "LA", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I", "F")
_BLOCK = 2**20


@dataclass(frozen=True, kw_only=True)
class Values:
    """What each pixel of a mask is, by its place in a table of the K values that occur.

    places: [H, W]. counts: pixels of each, [K]. colours: RGBA in 0..255 as a viewer shows them,
    [K, 4]; null where no viewer agrees with another. numbers: as they are stored, [K]; null for
    colours. palette: the numbers are indices. grey: a viewer shows no colours.
    """

    places: NDArray[np.intp]
    counts: NDArray[np.int64]
    colours: Float64 | None
    numbers: Float64 | None
    palette: bool
    grey: bool

    def text(self, place: int, stored: bool) -> str:
        """A value as it is typed after an option, or told where no option takes it."""
        if self.numbers is not None and (stored or self.colours is None):
            return f"{self.numbers[place]:g}"
        assert self.colours is not None
        red, green, blue, alpha = self.colours[place]
        if alpha != 255:
            return "transparent" if alpha == 0 else f"{alpha / 255:.0%} opaque"
        return f"{red:g}" if self.grey else f"{red:g},{green:g},{blue:g}"


def values_of(picture: Picture, source: str) -> Values:
    """Of a mask in one of MODES; raises DataError naming `source` where PIL cannot convert it."""
    with decoding(source):
        image = picture.image.convert("RGBA") if picture.image.mode == "PA" else picture.image
        pixels = np.asarray(image)
    table, counts, places = _tabled(_packed(pixels))
    with decoding(source):
        colours = _colours(image, table, picture)
    return Values(
        places=places,
        counts=counts,
        colours=colours,
        numbers=_numbers(image.mode, table, picture),
        palette=image.mode == "P",
        grey=image.mode not in ("P", "RGB", "RGBA"),
    )


def _packed(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """[H, W] of what tells the values apart: channels side by side in one number."""
    if pixels.ndim == 2:
        return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels
    whole: NDArray[np.uint32] = np.zeros(pixels.shape[:2], dtype=np.uint32)
    for channel in range(pixels.shape[2]):
        whole = np.bitwise_or(np.left_shift(whole, 8), pixels[..., channel], dtype=np.uint32)
    return whole


def _tabled(
    packed: NDArray[np.generic],
) -> tuple[NDArray[np.generic], NDArray[np.int64], NDArray[np.intp]]:
    """The values that occur, how often each does, and the place of each pixel's in the table."""
    if packed.dtype == np.uint8:
        times = np.bincount(packed.ravel(), minlength=256)
        bytes_there = np.flatnonzero(times)
        return bytes_there, times[bytes_there], (np.cumsum(times > 0) - 1)[packed]
    table, counts = _distinct(packed)
    places = np.empty(packed.shape, dtype=np.intp)
    for rows in _blocks(packed.shape):
        places[rows] = np.searchsorted(table, packed[rows])
    return table, counts, places


def _blocks(shape: tuple[int, ...]) -> list[slice]:
    rows = max(_BLOCK // max(shape[1], 1), 1)
    return [slice(start, start + rows) for start in range(0, shape[0], rows)]


def _distinct(packed: NDArray[np.generic]) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    found = [np.unique(packed[rows], return_counts=True) for rows in _blocks(packed.shape)]
    table, places = np.unique(np.concatenate([values for values, _ in found]), return_inverse=True)
    weights = np.concatenate([counts for _, counts in found])
    return table, np.bincount(places, weights).astype(np.int64)


def _colours(image: Image.Image, table: NDArray[np.generic], picture: Picture) -> Float64 | None:
    if image.mode.startswith("I"):
        # PIL scales what a PGM stores to 16 bits; nobody says what wider integers look like.
        grey = table.astype(np.float64) / 257
        if grey.max() > 255 or grey.min() < 0:
            return None
        return np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=1)
    if image.mode == "F":
        return None
    row: NDArray[np.uint8] = np.asarray(_strip(image, table).convert("RGBA"))[0]
    return row.astype(np.float64)


def _strip(image: Image.Image, table: NDArray[np.generic]) -> Image.Image:
    """One row that holds each value once, in the mode and with the palette of the mask."""
    bands = len(image.getbands())
    channels = [(table.astype(np.uint32) >> 8 * (bands - 1 - band)) & 255 for band in range(bands)]
    row = np.stack(channels, axis=-1).astype(np.uint8)[None]
    if image.mode == "1":
        return Image.fromarray(row[..., 0] * 255)
    strip = Image.fromarray(row[..., 0] if bands == 1 else row)
    if image.mode == "P":
        strip.putpalette(image.getpalette("RGB") or [], "RGB")
    if "transparency" in image.info:
        strip.info["transparency"] = image.info["transparency"]
    return strip


def _numbers(mode: str, table: NDArray[np.generic], picture: Picture) -> Float64 | None:
    if mode in ("LA", "RGB", "RGBA") or picture.reversed:
        return None
    stored = table.astype(np.float64)
    if mode == "L":
        return np.round(stored * picture.highest / 255)
    scaled = mode == "I" and picture.format == "PPM"
    return np.round(stored * picture.highest / 65535) if scaled else stored
