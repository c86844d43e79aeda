"""Masks that are read without an error and are likely wrong all the same: full, empty, inverted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Float32 = NDArray[np.float32]
FULL = 0.9
MANY = 0.5
# Masks lie over each other on a grid of this many cells a side.
_CELLS = 16
# The correlation with the mean of the others: of 840 masks of Figaro-1k and 2,000 of LFW the lowest
# is -0.19, the median 0.7.
INVERTED = -0.3
# Of the edge of most photographs: in Figaro-1k the median is 0.03, in LFW 0.
_AT_THE_EDGE = 0.75
_FEWEST = 8


@dataclass(frozen=True, kw_only=True)
class Look:
    """One mask in short. share, edge: hair among all pixels and among those of the outer cells, in
    0..1. cells: its share in each cell, [16, 16]."""

    share: float
    edge: float
    cells: Float32


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What is doubtful about a mask, by its place in the list; the worst has the most weight."""

    place: int
    wrong: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """Of a whole set: what is said of it, and of single masks, the worst first."""

    whole: tuple[str, ...]
    single: tuple[Doubt, ...]


def look(hair: NDArray[np.bool_]) -> Look:
    """Of a mask [H, W]."""
    image = Image.fromarray(hair.astype(np.uint8) * 255)
    small = image.resize((_CELLS, _CELLS), Image.Resampling.BOX)
    cells = np.asarray(small).astype(np.float32) / np.float32(255)
    edge = np.concatenate([cells[0], cells[-1], cells[1:-1, 0], cells[1:-1, -1]])
    return Look(share=float(hair.mean()), edge=float(edge.mean()), cells=cells)


def doubts(looks: Sequence[Look]) -> Doubts:
    """What deserves a look before it is trained on."""
    likeness = _likeness(looks)
    single = []
    for place, (one, like) in enumerate(zip(looks, likeness, strict=True)):
        if like <= INVERTED:
            wrong = "hair where most others have none, and none where they have it: inverted?"
            single.append(Doubt(place=place, wrong=wrong, weight=1 - like))
        elif one.share >= FULL:
            wrong = f"{one.share:.0%} of it is hair"
            single.append(Doubt(place=place, wrong=wrong, weight=one.share))
    empty = [place for place, one in enumerate(looks) if not one.share]
    whole = _of_all(looks, len(empty))
    if any("without hair" in text for text in whole):
        single += [Doubt(place=place, wrong="no hair in it", weight=0.5) for place in empty]
    if not single and whole:
        edges = [Doubt(place=n, wrong=whole[0], weight=one.edge) for n, one in enumerate(looks)]
        single = sorted(edges, key=lambda doubt: -doubt.weight)
    return Doubts(whole=tuple(whole), single=tuple(sorted(single, key=lambda d: -d.weight)))


def _of_all(looks: Sequence[Look], empty: int) -> list[str]:
    if len(looks) < _FEWEST:
        return []
    full = sum(one.share >= FULL for one in looks)
    found = []
    for count, what in ((full, "nearly all hair"), (empty, "without hair")):
        if count > MANY * len(looks):
            found.append(f"{count} of {len(looks)} masks are {what}")
    if not found and np.median([one.edge for one in looks]) > _AT_THE_EDGE:
        found.append("hair lies along the edge of most photographs: is it the background?")
    return found


def _likeness(looks: Sequence[Look]) -> list[float]:
    """The correlation of each mask with the mean of the others; 0 where there is none."""
    if len(looks) < _FEWEST:
        return [0.0] * len(looks)
    cells = np.stack([one.cells.ravel() for one in looks])
    others = (cells.sum(axis=0) - cells) / (len(looks) - 1)
    ours = cells - cells.mean(axis=1, keepdims=True)
    others = others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(others, axis=1)
    # A mask or a mean without any contrast is like nothing.
    clear = lengths > 1e-3
    return [float(x) for x in np.where(clear, (ours * others).sum(axis=1) / (lengths + ~clear), 0)]
