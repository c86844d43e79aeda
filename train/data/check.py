"""Looks at every file of a folder or a prepared data set, and lists all that is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from train.data.dataset import CLASSES, RECORD, Item, read_mask, read_record
from train.data.folder import OWN, survey
from train.data.labels import LFW, Labelling
from train.data.meaning import Census, read_labels
from train.data.names import Layout, is_litter
from train.data.plausible import Look, doubts, look
from train.data.prepare import fitted, item_sha256, read_photograph
from zoo.base.errors import DataError
from zoo.base.pictures import read_regular, shown
from zoo.base.progress import track
from zoo.preprocess import UInt8

Size = tuple[int, int]
# A photograph, its mask, and what the record says of them where there is one.
Pair = tuple[Path, Path, Item | None]
WORST = 24
SEE = "look at it; --sheet FILE draws the worst"
PREPARED = replace(LFW, turned="upright")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth a look. file: relative to the folder."""

    file: str
    wrong: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Of the good pairs. Sizes are width and height; shares are in 0..1."""

    smallest: Size
    largest: Size
    share_without_hair: float
    mean_hair_share: float


@dataclass(kw_only=True)
class Report:
    """What a look at every file found; `statistics` is null where no pair is good. doubtful: the
    worst pairs, by photograph and class indices."""

    folder: Path
    good: int = 0
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    statistics: Statistics | None = None
    doubtful: list[tuple[Path, UInt8]] = field(default_factory=list)

    @contextmanager
    def noting(self, path: Path) -> Iterator[None]:
        """Note a DataError about `path` instead of stopping at it."""
        try:
            yield
        except DataError as error:
            self.problem(path, error)

    def problem(self, path: Path, error: DataError) -> None:
        wrong = error.seen.removeprefix(shown(path)).lstrip(": ")
        remedy = error.remedy or f"expected: {error.expected}"
        self.problems.append(Finding(file=self._name(path), wrong=wrong, remedy=remedy))

    def warn(self, path: Path, wrong: str, remedy: str) -> None:
        self.warnings.append(Finding(file=self._name(path), wrong=wrong, remedy=remedy))

    def _name(self, path: Path) -> str:
        return shown(path.relative_to(self.folder).as_posix())


def look_over(folder: Path, labelling: Labelling = LFW, layout: Layout = OWN) -> Report:
    """Every problem of a folder of one's own, or of a prepared data set; raises for none of them.

    Raises DataError only where the folder cannot be listed, or its record not be read.
    """
    if not (folder / RECORD).is_file():
        return _check_folder(folder, labelling, layout)
    if labelling != LFW or layout != OWN:
        raise DataError(
            f"{shown(folder)} is a prepared data set, whose masks are class indices",
            expected="no option that says what is hair",
        )
    return _check_prepared(folder)


def _check_folder(folder: Path, labelling: Labelling, layout: Layout) -> Report:
    found = survey(folder, layout)
    report = Report(folder=folder)
    census = Census(labelling)

    def labels(path: Path) -> UInt8:
        return read_labels(read_regular(path), shown(path), labelling, census)

    for path, error in found.problems:
        report.problem(path, error)
    pairs = [(image, mask, None) for image, mask in found.pairs.values()]
    _look_at(report, pairs, labels, labelling)
    with report.noting(folder):
        census.check(shown(folder))
    _warn_of_strays(report, found.strays)
    return report


def _check_prepared(folder: Path) -> Report:
    items = read_record(folder / RECORD).items
    report = Report(folder=folder)
    pairs = [(folder / item.image, folder / item.mask, item) for item in items]
    _look_at(report, pairs, read_mask, PREPARED)
    known = {path for image, mask, _ in pairs for path in (image, mask)}
    there = [path for side in ("images", "masks") for path in sorted((folder / side).glob("*"))]
    strays = [path for path in there if path not in known and not is_litter(path)]
    _warn_of_strays(report, strays)
    return report


def _look_at(
    report: Report, pairs: Sequence[Pair], labels: Callable[[Path], UInt8], labelling: Labelling
) -> None:
    """Read both files of each pair, whatever the other is like."""
    sizes: list[Size] = []
    looks: list[tuple[Path, Path, Look]] = []
    first_with: dict[str, Path] = {}
    for image, mask, item in track(pairs, "checking", "images"):
        before = len(report.problems)
        with report.noting(image):
            encoded = read_regular(image)
            picture = read_photograph(encoded, shown(image))
            _warn_of_copies(report, image, encoded, first_with)
        with report.noting(mask):
            indices = labels(mask)
        if len(report.problems) > before:
            continue
        with report.noting(mask):
            indices = fitted(indices, picture, labelling, shown(mask))
            if item and item.sha256 != item_sha256(encoded, indices):
                raise DataError(
                    f"{shown(mask)}: it or its photograph was changed since it was prepared",
                    remedy="prepare the data set again: bench data --help",
                )
            sizes.append(picture.upright_size)
            looks.append((image, mask, look(indices == CLASSES["hair"])))
            if not looks[-1][2].share:
                report.warn(mask, "no hair in it", "right for a bald head; else correct the mask")
    report.good = len(sizes)
    _doubt(report, looks, labels, labelling)
    if hair := [one.share for _, _, one in looks]:
        report.statistics = Statistics(
            smallest=min(sizes, key=_area),
            largest=max(sizes, key=_area),
            share_without_hair=hair.count(0) / len(hair),
            mean_hair_share=sum(hair) / len(hair),
        )


def _doubt(
    report: Report,
    looks: Sequence[tuple[Path, Path, Look]],
    labels: Callable[[Path], UInt8],
    labelling: Labelling,
) -> None:
    """Warn of masks that are likely wrong though nothing about them is an error."""
    found = doubts([one for _, _, one in looks])
    for wrong in found.whole:
        report.warn(report.folder, wrong, SEE)
    for doubt in found.single:
        image, mask, one = looks[doubt.place]
        if one.share and doubt.wrong not in found.whole:
            report.warn(mask, doubt.wrong, SEE)
    for doubt in found.single[:WORST]:
        image, mask, _ = looks[doubt.place]
        picture = read_photograph(read_regular(image), shown(image))
        report.doubtful.append((image, fitted(labels(mask), picture, labelling, shown(mask))))


def _area(size: Size) -> int:
    return size[0] * size[1]


def _warn_of_copies(report: Report, image: Path, encoded: bytes, first: dict[str, Path]) -> None:
    other = first.setdefault(hashlib.sha256(encoded).hexdigest(), image)
    if other != image:
        report.warn(
            image,
            f"the same photograph as {shown(other.name)}",
            "remove one: it may be trained on and validated on",
        )


def _warn_of_strays(report: Report, strays: list[Path]) -> None:
    for path in strays:
        report.warn(path, "of no use here, passed over", "remove it, or correct its ending")
