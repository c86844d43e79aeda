"""A folder of one's own: `images/NAME.jpg` and `masks/NAME.png`, looked over file by file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from train.data.dataset import Dataset, SplitName, split_by_hash
from train.data.labels import LFW, Labelling
from train.data.prepare import Labelled, check_splits, claim_id, hash_rule, prepare
from zoo.base.errors import DataError
from zoo.base.pictures import check_regular, read_regular, shown
from zoo.home import Home

IMAGE_ENDINGS = ("jpg", "jpeg", "png")
MASK_ENDINGS = ("png", "ppm")
_LOSSY = ("jpg", "jpeg", "webp")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What lies in a folder, by names and kinds of files; none of them is opened.

    pairs: id to photograph and mask. problems: by file. strays: files of no use here.
    """

    pairs: dict[str, tuple[Path, Path]]
    problems: list[tuple[Path, DataError]]
    strays: list[Path]


def survey(folder: Path) -> Survey:
    """Look over the names in a folder; raises DataError only where it cannot be listed."""
    problems: list[tuple[Path, DataError]] = []
    strays = [path for path in _entries(folder) if path.name not in ("images", "masks")]
    images = _side(folder / "images", IMAGE_ENDINGS, problems, strays)
    masks = _side(folder / "masks", MASK_ENDINGS, problems, strays)
    # A file that is refused for itself is not missing as well.
    refused = {(path.parent.name, path.stem) for path, _ in problems}
    for here, there, side in ((images, masks, "masks"), (masks, images, "images")):
        for id in sorted(here.keys() - there.keys()):
            if (side, id) not in refused:
                problems.append((here[id], _lonely(here[id], side, id)))
    if not images and not problems:
        problems.append((folder / "images", _empty(folder / "images")))
    pairs = {id: (images[id], masks[id]) for id in sorted(images.keys() & masks.keys())}
    return Survey(pairs=pairs, problems=problems, strays=strays)


def prepare_folder(
    home: Home,
    folder: Path,
    name: str,
    seed: int = 0,
    validation_share: float = 0.2,
    labelling: Labelling = LFW,
) -> Dataset:
    """`data/<name>` from `images/*.jpg` and `masks/*.ppm` (or .png) with equal names.

    Raises DataError for the first file that is wrong; `bench data check` lists them all.
    """
    found = survey(folder)
    rule = hash_rule(seed, validation_share)
    sources = {} if labelling == LFW else {"labels": str(labelling)}
    splits = split_by_hash(list(found.pairs), seed, validation_share)
    if not found.problems:
        check_splits(name, splits.values())
    try:
        for _, error in found.problems:
            raise error
        return prepare(home, name, rule, sources, read_pairs(found, splits), labelling)
    except DataError as error:
        options = "" if labelling == LFW else f" {labelling.options}"
        lister = f"bench data check {shlex.quote(shown(folder))}{options} lists all that is wrong"
        remedy = f"{error.remedy}; {lister}" if error.remedy else lister
        raise DataError(error.seen, expected=error.expected, remedy=remedy) from error


def read_pairs(found: Survey, splits: dict[str, SplitName]) -> Iterator[Labelled]:
    """The surveyed pairs, each read when it is asked for."""
    for id, (image, mask) in found.pairs.items():
        yield Labelled(
            id=id,
            person=None,
            split=splits[id],
            image=read_regular(image),
            mask=read_regular(mask),
            source=str(image.parents[1]),
            image_file=shown(image),
            mask_file=shown(mask),
        )


def _side(
    folder: Path,
    endings: tuple[str, ...],
    problems: list[tuple[Path, DataError]],
    strays: list[Path],
) -> dict[str, Path]:
    """The usable files of `images/` or `masks/`, by id."""
    found: dict[str, Path] = {}
    taken: dict[str, str] = {}
    known = endings if endings == IMAGE_ENDINGS else (*endings, *_LOSSY)
    try:
        entries = _entries(folder)
    except DataError as error:
        problems.append((folder, error))
        return found
    for path in entries:
        id, _, ending = path.name.rpartition(".")
        if ending.lower() not in known:
            strays.append(path)
            continue
        try:
            claim_id(id, shown(path), taken)
            check_regular(path)
            if ending.lower() not in endings:
                raise _lossy(path)
        except DataError as error:
            problems.append((path, error))
        else:
            found[id] = path
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"{shown(folder)}: {error.strerror}",
            expected="a folder that can be read",
            remedy="put the photographs into images/ and their masks into masks/",
        ) from error


def _lonely(path: Path, side: str, id: str) -> DataError:
    kind = "mask" if side == "masks" else "photograph"
    other = path.parents[1] / side / id
    return DataError(
        f"{shown(path)}: has no {kind} of its name",
        expected=f"{shown(other)}.{'png' if kind == 'mask' else 'jpg'}",
        remedy=f"add the {kind}, or remove this file",
    )


def _lossy(path: Path) -> DataError:
    return DataError(
        f"{shown(path)}: a lossy mask, whose colours are smeared",
        expected="a PNG or PPM mask, as it was drawn",
        remedy="export the mask again as PNG",
    )


def _empty(folder: Path) -> DataError:
    return DataError(
        f"{shown(folder)}: holds no photograph",
        expected=f"files that end in {', '.join(f'.{e}' for e in IMAGE_ENDINGS)}",
        remedy="put the photographs there, and their masks into masks/",
    )
