"""Turns labelled photographs from any source into a prepared data set, all or nothing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from train.dataset import PALETTE, RECORD, Dataset, DatasetRecord, Item, SplitName, write_mask
from zoo.errors import DataError
from zoo.files import Home, replacing, write_text
from zoo.preprocess import UInt8

_READABLE = {"JPEG": "jpg", "PNG": "png", "PPM": "ppm"}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One photograph and its mask as they were found: encoded bytes, and names for errors."""

    id: str
    person: str | None
    split: SplitName
    image: bytes
    mask: bytes
    source: str


def prepare(
    home: Home, name: str, rule: str, sources: dict[str, str], pairs: Iterable[Labelled]
) -> Dataset:
    """Write `data/<name>` from the pairs; what was there before is replaced at the very end.

    Raises DataError naming the file that is wrong; nothing is left half-written.
    """
    folder = home.dataset(name)
    with replacing(folder) as temporary:
        (temporary / "images").mkdir(parents=True)
        (temporary / "masks").mkdir()
        counted = tqdm(pairs, desc=f"preparing {name}", unit="image", leave=False, disable=None)
        items = tuple(sorted((_store(temporary, pair) for pair in counted), key=lambda i: i.id))
        _check_splits(name, items)
        record = DatasetRecord(name=name, rule=rule, sources=sources, items=items)
        write_text(temporary / RECORD, record.model_dump_json(indent=1))
    return Dataset(folder, record)


def _store(folder: Path, pair: Labelled) -> Item:
    image, format = _decode(pair.image, f"{pair.source}: image of {pair.id}")
    mask, _ = _decode(pair.mask, f"{pair.source}: mask of {pair.id}")
    if image.size != mask.size:
        raise DataError(
            f"{pair.source}: {pair.id}: the mask is {mask.width}x{mask.height}, "
            f"the image {image.width}x{image.height}",
            expected="a mask of the image's size",
        )
    indices = class_indices(mask, f"{pair.source}: mask of {pair.id}")
    item = Item(
        id=pair.id,
        person=pair.person,
        split=pair.split,
        image=f"images/{pair.id}.{_READABLE[format]}",
        mask=f"masks/{pair.id}.png",
        width=image.width,
        height=image.height,
        sha256=hashlib.sha256(pair.image + indices.tobytes()).hexdigest(),
    )
    (folder / item.image).write_bytes(pair.image)
    write_mask(folder / item.mask, indices)
    return item


def class_indices(mask: Image.Image, source: str) -> UInt8:
    """Class indices [H, W] from a mask in the LFW colours; DataError on any other colour."""
    pixels = np.asarray(mask.convert("RGB"))
    indices = np.full(pixels.shape[:2], 255, dtype=np.uint8)
    for index, colour in enumerate(PALETTE):
        indices[(pixels == colour).all(axis=2)] = index
    if (indices == 255).any():
        row, column = np.argwhere(indices == 255)[0]
        raise DataError(
            f"{source}: colour {tuple(int(c) for c in pixels[row, column])} at x={column}, y={row}",
            expected="pure red (hair), green (face) or blue (background)",
        )
    return indices


def _decode(encoded: bytes, source: str) -> tuple[Image.Image, str]:
    try:
        image = Image.open(io.BytesIO(encoded), formats=list(_READABLE))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{source} can not be read: {error}", expected="a JPEG, PNG or PPM image"
        ) from error
    return image, str(image.format)


def _check_splits(name: str, items: tuple[Item, ...]) -> None:
    for split in ("train", "validation"):
        if not any(item.split == split for item in items):
            raise DataError(
                f"data set {name!r} would have no {split} images ({len(items)} in all)",
                expected="at least one in train and one in validation",
            )
