"""COCO's run lengths, read here: the library's own reader trusts them to fit their picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def as_mask(counts: Sequence[int] | str, height: int, width: int) -> NDArray[np.bool_] | None:
    """[H, W] of lengths of 0 and 1 in turn, column by column; None where they do not fit it."""
    runs = _unpacked(counts, height * width) if isinstance(counts, str) else counts
    if runs is None or sum(runs) != height * width:
        return None
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.array(runs, dtype=np.int64)).reshape(width, height).T


def _unpacked(text: str, most: int) -> list[int] | None:
    """Of the compressed form: numbers of 5 bits a character, each from the third on the difference
    from the one two before it."""
    runs: list[int] = []
    place, length = 0, len(text)
    while place < length:
        number = shift = 0
        more = True
        while more:
            if place >= length or shift > 30:
                return None
            code = ord(text[place]) - 48
            if not 0 <= code < 64:
                return None
            number |= (code & 31) << shift
            more = bool(code & 32)
            place, shift = place + 1, shift + 5
            if not more and code & 16:
                number -= 1 << shift
        number += runs[-2] if len(runs) > 2 else 0
        if not 0 <= number <= most:
            return None
        runs.append(number)
    return runs
