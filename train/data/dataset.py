"""A prepared data set on disk: `images/*`, `masks/*.png` of class indices, `dataset.json`.

Whatever the source, training and evaluation see this one form. Masks keep their native size.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from PIL import Image
from pydantic import Field, ValidationError, field_validator

from zoo.artifact.sources import preparing
from zoo.base.errors import DataError, MissingStep
from zoo.base.files import sha256_of_json
from zoo.base.frozen import Frozen
from zoo.base.pictures import decode, read_regular, shown
from zoo.checkpoint import Split
from zoo.home import Home
from zoo.preprocess import UInt8, open_photograph

SCHEMA: Final = 1
RECORD = "dataset.json"
CLASSES = {"background": 0, "hair": 1, "face": 2}
# Not labelled: such pixels count neither in training nor in the IoU.
IGNORED = 255
MEANINGS = CLASSES | {"ignore": IGNORED}
_GREY = (128, 128, 128)
# In the order of the class indices: the colours of the LFW part labels.
PALETTE = ((0, 0, 255), (255, 0, 0), (0, 255, 0))
SplitName = Literal["train", "validation", "test"]


class Item(Frozen):
    """One labelled photograph, its size that of the upright picture and of its mask.

    person: null where the source does not say who it shows. source: which data set it was joined
    from; null where it was joined from none.
    """

    id: str
    person: str | None
    split: SplitName
    image: str
    mask: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    sha256: str
    source: str | None = None

    @property
    def own_id(self) -> str:
        """As it is in the data set that it was joined from."""
        return self.id.removeprefix(f"{self.source}.") if self.source else self.id

    @field_validator("image", "mask")
    @classmethod
    def _stays_inside(cls, value: str) -> str:
        parts = value.split("/")
        if len(parts) != 2 or parts[0] not in ("images", "masks") or parts[1] in ("", ".", ".."):
            raise ValueError("expected images/NAME or masks/NAME")
        return value


class DatasetRecord(Frozen):
    """`rule` says how the split was made; `sources` holds the hashes of what it was made from."""

    schema_version: Literal[1] = SCHEMA
    name: str
    rule: str
    sources: dict[str, str]
    items: tuple[Item, ...]

    @property
    def sha256(self) -> str:
        """Of which bytes were trained on and which chose the checkpoint; test images are not in
        it, so that having them at hand changes nothing."""
        used = (item for item in self.items if item.split != "test")
        rows = sorted((item.id, item.split, item.sha256) for item in used)
        return sha256_of_json([self.rule, rows])

    def sha256_of(self, split: SplitName) -> str:
        """Of which bytes are counted on where a file is judged on that split."""
        if split != "test":
            return self.sha256
        rows = sorted((item.id, item.sha256) for item in self.items if item.split == split)
        return sha256_of_json([self.rule, rows])


class Dataset:
    """A prepared data set, opened for reading."""

    def __init__(self, folder: Path, record: DatasetRecord) -> None:
        self.folder = folder
        self.record = record

    @classmethod
    def open(cls, home: Home, name: str) -> Dataset:
        """Raises MissingStep when it was never prepared, DataError when its record is broken."""
        folder = home.dataset(name)
        path = folder / RECORD
        if not path.is_file():
            raise MissingStep(
                f"there is no data set {name!r} under {folder.parent}",
                expected=f"{path}",
                remedy=preparing(name),
            )
        return cls(folder, read_record(path))

    def items(self, split: SplitName) -> list[Item]:
        return [item for item in self.record.items if item.split == split]

    def split(self) -> Split:
        """What a checkpoint records of the data it saw."""
        joined = {item.source for item in self.record.items}
        return Split(
            dataset=self.record.name,
            rule=self.record.rule,
            sha256=self.record.sha256,
            train_images=len(self.items("train")),
            validation_images=len(self.items("validation")),
            parts={n: sha for n, sha in self.record.sources.items() if n in joined},
        )

    def photograph(self, item: Item) -> Image.Image:
        return open_photograph(self.folder / item.image)

    def mask(self, item: Item) -> UInt8:
        """Class indices [height, width] at the label's native size."""
        return read_mask(self.folder / item.mask)


def read_record(path: Path) -> DatasetRecord:
    """A stored `dataset.json`; raises DataError when it is broken."""
    try:
        return DatasetRecord.model_validate_json(read_regular(path, follow=True))
    except ValidationError as error:
        raise DataError(
            f"{shown(path)} is broken: {error.errors()[0]['msg']}",
            expected=f"a data set record of schema {SCHEMA}",
            remedy="prepare the data set again: bench data --help",
        ) from error


def read_mask(path: Path) -> UInt8:
    """The class indices of a prepared mask; raises DataError naming the file."""
    image = decode(read_regular(path, follow=True), shown(path), ("PNG",)).image
    if image.mode not in ("P", "L"):
        raise DataError(
            f"{shown(path)}: has mode {image.mode}",
            expected="a PNG of class indices (P or L)",
            remedy="prepare the data set again: bench data --help",
        )
    return np.asarray(image, dtype=np.uint8)


def encoded_mask(indices: UInt8) -> bytes:
    """A palette PNG: class indices that also look right in any viewer."""
    image = Image.fromarray(indices).convert("P")
    colours = (*PALETTE, *[_GREY] * (256 - len(PALETTE)))
    image.putpalette([channel for colour in colours for channel in colour])
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()


def split_by_hash(ids: Sequence[str], seed: int, validation_share: float) -> dict[str, SplitName]:
    """A split that depends on each name and the seed alone, so that adding images moves none."""
    chosen: dict[str, SplitName] = {}
    for id in ids:
        digest = hashlib.sha256(f"{seed}:{id}".encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        chosen[id] = "validation" if share < validation_share else "train"
    return chosen
