"""A folder of one's own: photographs and masks with equal names, looked over file by file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from train.data.dataset import Dataset, SplitName, split_by_hash
from train.data.labels import LFW, Labelling
from train.data.names import (
    IMAGE_ENDINGS,
    MASK_ENDINGS,
    Layout,
    is_litter,
    near_folder,
    near_suffixes,
)
from train.data.prepare import (
    Labelled,
    check_free,
    check_splits,
    claim_id,
    hash_rule,
    prepare,
)
from zoo.base.errors import DataError
from zoo.base.pictures import check_regular, read_regular, shown
from zoo.home import Home

OWN = Layout()


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What lies in a folder, by names and kinds of files; none of them is opened.

    pairs: id to photograph and mask. problems: by file. strays: files of no use here.
    """

    pairs: dict[str, tuple[Path, Path]]
    problems: list[tuple[Path, DataError]]
    strays: list[Path]


@dataclass(frozen=True, kw_only=True)
class _Side:
    """The photographs, or the masks: by id; and all names without their endings."""

    kind: str
    folder: Path
    suffix: str
    endings: tuple[str, ...]
    found: dict[str, Path]
    stems: dict[str, Path]


def survey(folder: Path, layout: Layout = OWN) -> Survey:
    """Look over the names in a folder; raises DataError only where it cannot be listed."""
    problems: list[tuple[Path, DataError]] = []
    used = {Path(side).parts[0] for side in (layout.images, layout.masks)}
    strays = [path for path in _entries(folder) if path.name not in used]
    images = _side("photograph", folder, layout, problems, strays)
    masks = _side("mask", folder, layout, problems, strays)
    # A file that is refused for itself is not missing as well.
    refused = {
        (path.parent, path.stem.removesuffix(s)) for path, _ in problems for s in _ends(layout)
    }
    missing: list[tuple[Path, DataError]] = []
    for here, there in ((images, masks), (masks, images)):
        for id in sorted(here.found.keys() - there.found.keys()):
            if (there.folder, id) not in refused:
                missing.append((here.found[id], _lonely(here.found[id], there, id)))
    if (missing or not images.found or not masks.found) and (near := _near(layout, images, masks)):
        missing.insert(0, (folder, near))
    elif not images.found and not problems:
        missing.append((images.folder, _empty(images.folder)))
    paired = sorted(images.found.keys() & masks.found.keys())
    pairs = {id: (images.found[id], masks.found[id]) for id in paired}
    return Survey(pairs=pairs, problems=[*problems, *missing], strays=strays)


def prepare_folder(
    home: Home,
    folder: Path,
    name: str,
    seed: int = 0,
    validation_share: float = 0.2,
    labelling: Labelling = LFW,
    layout: Layout = OWN,
) -> Dataset:
    """`data/<name>` from photographs and masks with equal names.

    Raises DataError for the first file that is wrong; `bench data check` lists them all.
    """
    # Told before all else, and without a list that would not show it.
    read_from = [folder / layout.images, folder / layout.masks]
    check_free(home.dataset(name), read_from)
    found = survey(folder, layout)
    rule = hash_rule(seed, validation_share)
    sources = {} if labelling == LFW else {"labels": str(labelling)}
    splits = split_by_hash(list(found.pairs), seed, validation_share)
    if not found.problems:
        check_splits(name, splits.values())
    try:
        for _, error in found.problems:
            raise error
        pairs = read_pairs(found, splits)
        return prepare(home, name, rule, sources, pairs, labelling, read_from=read_from)
    except DataError as error:
        words = ["bench data check", shlex.quote(shown(folder)), labelling.options, layout.options]
        lister = f"{' '.join(filter(None, words))} lists all that is wrong"
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
            source=str(image.parent),
            image_file=shown(image),
            mask_file=shown(mask),
        )


def _ends(layout: Layout) -> tuple[str, str]:
    return layout.image_suffix, layout.mask_suffix


def _side(
    kind: str,
    root: Path,
    layout: Layout,
    problems: list[tuple[Path, DataError]],
    strays: list[Path],
) -> _Side:
    """The usable files of one kind, by id."""
    photographs = kind == "photograph"
    side = _Side(
        kind=kind,
        folder=root / (layout.images if photographs else layout.masks),
        suffix=layout.image_suffix if photographs else layout.mask_suffix,
        endings=IMAGE_ENDINGS if photographs else MASK_ENDINGS,
        found={},
        stems={},
    )
    others = layout.mask_suffix if photographs else layout.image_suffix
    shared = layout.images == layout.masks
    taken: dict[str, str] = {}
    try:
        entries = _entries(side.folder)
    except DataError as error:
        problems.append((side.folder, _moved(root, layout, photographs) or error))
        return side
    for path in entries:
        stem, _, ending = path.name.rpartition(".")
        if shared and len(others) > len(side.suffix) and stem.endswith(others):
            continue
        if ending.lower() not in (*side.endings, "webp") or (
            shared and not stem.endswith(side.suffix)
        ):
            if not shared:
                strays.append(path)
            continue
        side.stems[stem] = path
        if not stem.endswith(side.suffix):
            strays.append(path)
            continue
        try:
            claim_id(stem.removesuffix(side.suffix), shown(path), taken)
            check_regular(path)
            if ending.lower() not in side.endings:
                raise _lossy(path)
        except DataError as error:
            problems.append((path, error))
        else:
            side.found[stem.removesuffix(side.suffix)] = path
    return side


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not is_litter(path))
    except OSError as error:
        raise DataError(
            f"{shown(folder)}: {error.strerror}",
            expected="a folder that can be read",
            remedy="put the photographs into images/ and their masks into masks/",
        ) from error


def _moved(root: Path, layout: Layout, photographs: bool) -> DataError | None:
    """Where a folder is missing and another one lies there that is likely it."""
    wanted, option = (layout.images, "images") if photographs else (layout.masks, "masks")
    near = near_folder(option, (path for path in _entries(root) if path.is_dir()))
    if (root / wanted).exists() or near is None:
        return None
    return DataError(
        f"{shown(root / wanted)} does not exist, but {shown(near)} lies there",
        expected=f"the {'photographs' if photographs else 'masks'} in {wanted}/",
        remedy=f"--{option} {shlex.quote(near)}",
    )


def _near(layout: Layout, images: _Side, masks: _Side) -> DataError | None:
    """Where names do not match as they are, and would with suffixes."""
    near = near_suffixes(layout, images.stems, masks.stems)
    if near is None or near == layout:
        return None
    image = next(s for s in sorted(images.stems) if s.endswith(near.image_suffix))
    mask = f"{image.removesuffix(near.image_suffix)}{near.mask_suffix}"
    lies = shown(masks.stems.get(mask, masks.folder).name)
    return DataError(
        f"{shown(images.stems[image])}: has no mask of its name, but {lies} lies there",
        expected="equal names, or the suffixes by which they differ",
        remedy=near.options,
    )


def _lonely(path: Path, there: _Side, id: str) -> DataError:
    ending = "png" if there.kind == "mask" else "jpg"
    return DataError(
        f"{shown(path)}: has no {there.kind} of its name",
        expected=f"{shown(there.folder / f'{id}{there.suffix}.{ending}')}",
        remedy=f"add the {there.kind}, or remove this file",
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
