"""Finds photographs that are held out and trained on at once: copies, however they were edited.

First a difference hash, which is quick and lets few copies pass, but cannot tell a cropped copy
from another portrait framed alike; then, for the few pairs that it leaves, a second look that can.
The thresholds were measured on LFW (docs/data.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from train.data.dataset import Dataset, Item, SplitName
from zoo.base.errors import DataError
from zoo.base.progress import track

# Of 128 bits. A crop by 4 % measured 19 at most and by 8 % 30; photographs that differ, 17 or more.
DISTANCE: Final = 28
# Copies measured 0.85 or more, one turned by 2 degrees 0.81; photographs that differ, even of one
# person and occasion, 0.69 or less.
CORRELATION: Final = 0.75
_GRID = 8
_SIDE, _WINDOW = 48, 40
# Even, like the sides above: a window then lies in the middle to the pixel.
_SCALED_SIDES = (44, 46, 48, 50, 52)

T = TypeVar("T")
Bits = NDArray[np.uint64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A held-out photograph beside one for training, by their ids.

    distance: differing bits of 128, the lesser of as it is and mirrored. correlation: of the
    second look, -1..1, the greater of both. identical: the same pixels.
    """

    image: str
    split: SplitName
    train_image: str
    distance: int
    correlation: float
    mirrored: bool
    identical: bool

    @property
    def leaks(self) -> bool:
        return self.identical or self.correlation >= CORRELATION


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """What was compared and found. closest: of the pairs that are no leak; null where all are."""

    dataset: str
    train_images: int
    validation_images: int
    test_images: int
    found: tuple[Pair, ...]
    closest: Pair | None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """One photograph as it is compared: hashes [2] of 64 bits each, grey thumbnail."""

    item: Item
    pixels_sha256: str
    hash: Bits
    mirrored_hash: Bits
    thumbnail: Image.Image


def find_leaks(dataset: Dataset) -> Leaks:
    """Compares every validation and test photograph with every one for training.

    A pair gets the second look where its hashes differ in at most DISTANCE bits, or where nothing
    is nearer; it leaks where that or its pixels say so. Raises DataError naming a photograph that
    cannot be read, and where one side has none.
    """
    held = [*dataset.items("validation"), *dataset.items("test")]
    train = dataset.items("train")
    if not held or not train:
        raise DataError(
            f"{dataset.record.name}: {len(train)} images for training, {len(held)} held out",
            expected="some of both",
            remedy="prepare the data set again: bench data --help",
        )
    seen = [_see(dataset, item) for item in _bar([*train, *held], "hashing")]
    known, hashes = seen[: len(train)], np.stack([one.hash for one in seen[: len(train)]])
    pairs = [
        pair for one in _bar(seen[len(train) :], "comparing") for pair in _near(one, known, hashes)
    ]
    pairs.sort(key=lambda pair: (pair.distance, -pair.correlation))
    return Leaks(
        dataset=dataset.record.name,
        train_images=len(train),
        validation_images=len(dataset.items("validation")),
        test_images=len(dataset.items("test")),
        found=tuple(pair for pair in pairs if pair.leaks),
        closest=next((pair for pair in pairs if not pair.leaks), None),
    )


def difference_hash(image: Image.Image) -> Bits:
    """Two numbers of 64 bits: whether each cell of a grid is darker than the next to its right,
    and than the next below. Of the grey image, so of any size and colour.

    Source: N. Krawetz, "Kind of Like That", The Hacker Factor Blog, 2013, after D. Oftedal; there
    of the rows alone.
    """
    grey = image.convert("L")
    across, down = (
        np.asarray(grey.resize(size, Image.Resampling.BILINEAR))
        for size in ((_GRID + 1, _GRID), (_GRID, _GRID + 1))
    )
    bits = np.stack([across[:, 1:] > across[:, :-1], down[1:] > down[:-1]])
    return np.packbits(bits.reshape(2, -1), axis=1).view(np.uint64)[:, 0]


def distances(one: Bits, others: Bits) -> NDArray[np.int64]:
    """How many bits differ between a hash [2] and each of the others [N, 2]."""
    differing: NDArray[np.int64] = np.bitwise_count(others ^ one).sum(axis=1, dtype=np.int64)
    return differing


def _bar(what: Sequence[T], label: str) -> Iterable[T]:
    return track(what, label, "images")


def _see(dataset: Dataset, item: Item) -> _Seen:
    image = dataset.photograph(item)
    pixels = f"{image.size}".encode() + image.tobytes()
    grey = image.convert("L")
    return _Seen(
        item=item,
        pixels_sha256=hashlib.sha256(pixels).hexdigest(),
        hash=difference_hash(grey),
        mirrored_hash=difference_hash(ImageOps.mirror(grey)),
        thumbnail=grey.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR),
    )


def _near(one: _Seen, known: Sequence[_Seen], hashes: Bits) -> list[Pair]:
    """The pairs of `one` that deserve a second look, looked at; at least the nearest."""
    apart = np.minimum(distances(one.hash, hashes), distances(one.mirrored_hash, hashes))
    windows = _windows(one.thumbnail)
    pairs = []
    for index in np.flatnonzero(apart <= max(DISTANCE, apart.min())).tolist():
        other = known[index]
        both = (other.thumbnail, ImageOps.mirror(other.thumbnail))
        templates = np.concatenate([_templates(thumbnail) for thumbnail in both])
        best = (windows @ templates.T).max(axis=0).reshape(2, -1).max(axis=1)
        straight, mirrored = best.tolist()
        pairs.append(
            Pair(
                image=one.item.id,
                split=one.item.split,
                train_image=other.item.id,
                distance=int(apart[index]),
                correlation=max(straight, mirrored),
                mirrored=mirrored > straight,
                identical=one.pixels_sha256 == other.pixels_sha256,
            )
        )
    return pairs


def _windows(thumbnail: Image.Image) -> Floats:
    """Every window [81, 1600] of the details, as unit vectors: where a cropped copy may lie."""
    windows = sliding_window_view(_details(thumbnail), (_WINDOW, _WINDOW))
    return _unit(windows.reshape(-1, _WINDOW**2))


def _templates(thumbnail: Image.Image) -> Floats:
    """The middle [5, 1600] of the details at each scale, as unit vectors."""
    middles = []
    for side in _SCALED_SIDES:
        start = (side - _WINDOW) // 2
        middle = slice(start, start + _WINDOW)
        scaled = thumbnail.resize((side, side), Image.Resampling.BILINEAR)
        middles.append(_details(scaled)[middle, middle].ravel())
    return _unit(np.stack(middles))


def _details(grey: Image.Image) -> Floats:
    """Without what is larger than 7 pixels: a bright face on a dark ground is in most portraits."""
    blurred = grey.filter(ImageFilter.BoxBlur(3))
    return np.asarray(grey, dtype=np.float32) - np.asarray(blurred, dtype=np.float32)


def _unit(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    # A flat image has no details, and correlates with nothing.
    lengths = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    units: Floats = centred / lengths
    return units
