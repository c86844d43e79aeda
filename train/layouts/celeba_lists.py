"""CelebA's own split of CelebAMask-HQ, by two lists: what each face was in CelebA, and its part.

`CelebA-HQ-to-CelebA-mapping.txt` lies in CelebAMask-HQ.zip: `0 119613 119614.jpg` a line, below a
line of titles. `list_eval_partition.txt` is of CelebA: `119614.jpg 0`, for train, and 1 and 2 for
validation and test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.data.dataset import SplitName
from zoo.base.errors import DataError
from zoo.base.files import sha256_of
from zoo.base.pictures import read_regular, shown

MAPPING, PARTITION = "CelebA-HQ-to-CelebA-mapping.txt", "list_eval_partition.txt"
PARTS: dict[str, SplitName] = {"0": "train", "1": "validation", "2": "test"}
# Where the mapping has titles, the first of them.
TITLE = "idx"
# CelebA's list has 202,599 lines, of 4 MB.
LIST_BYTES = 64 * 2**20
_ORIGINAL = r"(?P<original>[0-9]{6}\.jpg)"
_MAPPED = re.compile(rf"(?P<number>[0-9]{{1,5}}) [0-9]{{1,6}} {_ORIGINAL}")
_PARTED = re.compile(rf"{_ORIGINAL} (?P<part>[012])")


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Where the two lists lie; None for what does not lie there."""

    mapping: Path | None
    partition: Path | None

    @classmethod
    def beside(cls, folders: Sequence[Path]) -> Lists:
        """The first of each in the folders."""
        return cls(mapping=_first(folders, MAPPING), partition=_first(folders, PARTITION))

    @property
    def missing(self) -> list[str]:
        found = ((self.mapping, MAPPING), (self.partition, PARTITION))
        return [name for path, name in found if path is None]

    @property
    def sources(self) -> dict[str, str]:
        """By file name, what a record says of those that were used."""
        return {p.name: sha256_of(p) for p in (self.mapping, self.partition) if p}


def _first(folders: Sequence[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).exists()), None)


def official_splits(mapping: Path, partition: Path, numbers: Iterable[int]) -> dict[int, SplitName]:
    """Of each number its part in CelebA. Raises DataError naming the list and the line, or the
    number that the lists do not know."""
    originals = read_mapping(mapping)
    parts = read_partition(partition)
    found: dict[int, SplitName] = {}
    for number in numbers:
        original = originals.get(number)
        if original is None:
            raise _unlisted(mapping, f"photograph {number}", "a line for every photograph")
        if original not in parts:
            wanted = f"{original}, which is photograph {number}"
            raise _unlisted(partition, wanted, f"a line for every file that {MAPPING} names")
        found[number] = parts[original]
    return found


def read_mapping(path: Path) -> dict[int, str]:
    """By number in CelebA-HQ, the name in CelebA. Raises DataError for a line that is none, and for
    a number that stands twice."""
    found: dict[int, str] = {}
    expected = "a number, CelebA's number and CelebA's file name: 0 119613 119614.jpg"
    for place, words in _lines(path):
        if place == 1 and words[0] == TITLE:
            continue
        line = " ".join(words)
        match = _MAPPED.fullmatch(line)
        if match is None:
            raise _wrong(path, place, line, expected)
        number = int(match["number"])
        if number in found:
            raise _wrong(path, place, line, f"number {number} once")
        found[number] = match["original"]
    return found


def read_partition(path: Path) -> dict[str, SplitName]:
    """By name in CelebA, the part. Raises DataError as `read_mapping`."""
    found: dict[str, SplitName] = {}
    for place, words in _lines(path):
        line = " ".join(words)
        match = _PARTED.fullmatch(line)
        if match is None:
            raise _wrong(path, place, line, "a file name and 0, 1 or 2: 119614.jpg 0")
        if match["original"] in found:
            raise _wrong(path, place, line, f"{match['original']} once")
        found[match["original"]] = PARTS[match["part"]]
    return found


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that holds any, with its number."""
    if path.lstat().st_size > LIST_BYTES:
        raise DataError(
            f"{shown(path)}: over {LIST_BYTES // 2**20} MiB",
            expected="a list of lines",
            remedy="fetch the list again",
        )
    text = read_regular(path).decode("utf-8-sig", errors="replace")
    for place, line in enumerate(text.split("\n"), start=1):
        if words := line.split():
            yield place, words


def _wrong(path: Path, place: int, line: str, expected: str) -> DataError:
    return DataError(
        f"{shown(path)}, line {place}: {line[:80]!r}",
        expected=expected,
        remedy=f"fetch the list again, or remove it: without {MAPPING} and {PARTITION} "
        "photographs are split by a hash",
    )


def _unlisted(path: Path, what: str, expected: str) -> DataError:
    return DataError(
        f"{shown(path)} does not list {what}",
        expected=expected,
        remedy="fetch the list again, or remove it",
    )
