"""A contact sheet: photographs at a glance, each beside itself with its hair tinted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TILE = 128
COLUMNS = 6


_HALF = 128


def as_tile(photograph: Image.Image) -> Image.Image:
    """A copy that fits a tile."""
    small = photograph.copy()
    small.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
    return small


def on_tile(mask: NDArray[np.bool_], tile: Image.Image) -> NDArray[np.bool_]:
    """A mask [H, W] of any size, brought to that of the tile: what covers half of a pixel or more.

    The photograph of a tile may have been decoded at another size than its mask has.
    """
    grey = Image.fromarray(mask).convert("L").resize(tile.size, Image.Resampling.BOX)
    return np.asarray(grey) >= _HALF


def contact_sheet(pairs: Iterable[tuple[Image.Image, Image.Image]], count: int) -> Image.Image:
    """RGB, of `count` pairs of tiles: a photograph, and its painted copy to the right.

    Each pair is asked for when it is pasted, so that no more than one is held.
    """
    rows = -(-count // COLUMNS)
    sheet = Image.new("RGB", (2 * TILE * COLUMNS, TILE * rows), "white")
    for place, tiles in enumerate(pairs):
        row, column = divmod(place, COLUMNS)
        for offset, tile in enumerate(tiles):
            sheet.paste(tile, ((2 * column + offset) * TILE, row * TILE))
    return sheet
