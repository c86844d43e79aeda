"""A contact sheet: photographs at a glance, each beside itself with its hair tinted."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

TILE = 128
COLUMNS = 6


def contact_sheet(pairs: Iterable[tuple[Image.Image, Image.Image]]) -> Image.Image:
    """RGB; every photograph fills a tile and its painted copy the one to the right."""
    shown = list(pairs)
    rows = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (2 * TILE * COLUMNS, TILE * rows), "white")
    for place, pictures in enumerate(shown):
        row, column = divmod(place, COLUMNS)
        for offset, picture in enumerate(pictures):
            small = picture.copy()
            small.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(small, ((2 * column + offset) * TILE, row * TILE))
    return sheet
