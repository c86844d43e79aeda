"""A contact sheet: labelled photographs at a glance, each beside itself with its hair tinted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reports.pictures.overlay import overlay

TILE = 128
COLUMNS = 6


def contact_sheet(pairs: Sequence[tuple[Image.Image, NDArray[np.bool_]]]) -> Image.Image:
    """RGB; every photograph fills a tile and its tinted copy the one to the right."""
    rows = -(-len(pairs) // COLUMNS)
    sheet = Image.new("RGB", (2 * TILE * COLUMNS, TILE * rows), "white")
    for place, (photograph, mask) in enumerate(pairs):
        row, column = divmod(place, COLUMNS)
        for offset, picture in enumerate((photograph, overlay(photograph, mask))):
            small = picture.copy()
            small.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(small, ((2 * column + offset) * TILE, row * TILE))
    return sheet
