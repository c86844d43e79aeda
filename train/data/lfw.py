"""LFW part labels: 2,927 photographs with hair, face and background (Kae et al., CVPR 2013).

From the two official archives, with the official lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from train.data.archive import members
from train.data.dataset import Dataset, SplitName, split_by_hash
from train.data.labels import LFW, Turn
from train.data.prepare import Labelled, hash_rule, is_id, prepare
from zoo.base.errors import DataError
from zoo.base.files import sha256_of
from zoo.base.pictures import shown
from zoo.home import Home

IMAGES = "lfw-funneled.tgz"
MASKS = "parts_lfw_funneled_gt_images.tgz"
LISTS: dict[SplitName, str] = {
    "train": "parts_train.txt",
    "validation": "parts_validation.txt",
    "test": "parts_test.txt",
}
_PATTERNS = {
    IMAGES: re.compile(r"lfw_funneled/(?P<person>[^/]+)/(?P<id>(?P=person)_[0-9]{4})\.jpg"),
    MASKS: re.compile(r"parts_lfw_funneled_gt_images/(?P<id>[^/]+_[0-9]{4})\.ppm"),
}
LIST_BYTES = 2**20


def prepare_lfw(
    home: Home,
    archives: Path,
    seed: int = 0,
    *,
    resize: bool = False,
    turned: Turn | None = None,
) -> Dataset:
    """`data/lfw` from a folder that holds the official archives and, if at hand, their lists.

    Masks that no list names are left out; with no lists at all every mask is used, split by a
    hash of its name. resize, turned: as in Labelling. Raises DataError naming what is missing or
    wrong.
    """
    for name in (IMAGES, MASKS):
        if not (archives / name).is_file():
            raise DataError(
                f"{archives / name} does not exist",
                expected=f"the official archives {IMAGES} and {MASKS} of LFW part labels",
                remedy="put both into one folder, then: bench data lfw --archives FOLDER",
            )
    masks = dict(_members(archives / MASKS))
    splits, rule = _splits(archives, sorted(masks), seed)
    missing = sorted(splits.keys() - masks.keys())
    if missing:
        raise DataError(
            f"{archives / MASKS} has no mask for {missing[0]} ({len(missing)} missing)",
            expected="a mask for every line of the lists",
        )
    sources = {p.name: sha256_of(p) for p in _source_files(archives)}
    pairs = _pairs(archives, splits, masks)
    labelling = replace(LFW, resize=resize, turned=turned)
    return prepare(home, "lfw", rule, sources, pairs, labelling, read_from=[archives])


def parse_list(text: str, source: str) -> list[str]:
    """The ids of a list: `Dianne_Feinstein 2` and `Dianne_Feinstein 0002` are one image."""
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 2 or not is_id(words[0]) or not re.fullmatch(r"[0-9]{1,4}", words[1]):
            raise DataError(
                f"{shown(source)}, line {number}: {line[:80]!r}",
                expected="a name and a number",
                remedy="fetch the list again",
            )
        ids.append(f"{words[0]}_{int(words[1]):04d}")
    return ids


def _splits(archives: Path, ids: list[str], seed: int) -> tuple[dict[str, SplitName], str]:
    present = {split: archives / file for split, file in LISTS.items()}
    present = {split: path for split, path in present.items() if path.is_file()}
    if not present:
        return split_by_hash(ids, seed, 0.2), hash_rule(seed, 0.2)
    splits: dict[str, SplitName] = {}
    for split, path in present.items():
        for id in parse_list(_read_list(path), str(path)):
            if splits.setdefault(id, split) != split:
                raise DataError(
                    f"{shown(path)} lists {id}, which is in {splits[id]} too",
                    expected="disjoint lists",
                )
    named = [LISTS[split] for split in ("train", "validation") if split in present]
    return splits, f"official lists: {', '.join(named)}"


def _read_list(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(LIST_BYTES + 1)
    if len(content) > LIST_BYTES:
        raise DataError(
            f"{shown(path)}: over {LIST_BYTES} bytes",
            expected="lines of a name and a number",
            remedy="fetch the list again",
        )
    return content.decode(errors="replace")


def _pairs(
    archives: Path, splits: dict[str, SplitName], masks: dict[str, bytes]
) -> Iterator[Labelled]:
    wanted = dict(splits)
    for id, image in _members(archives / IMAGES):
        split = wanted.pop(id, None)
        if split is not None:
            yield Labelled(
                id=id,
                person=id.rpartition("_")[0],
                split=split,
                image=image,
                mask=masks[id],
                source=str(archives),
            )
    if wanted:
        raise DataError(
            f"{archives / IMAGES} has no photograph {min(wanted)} ({len(wanted)} missing)",
            expected="a photograph for every mask that is used",
        )


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """(id, content) of the members named as in the official archive; the rest is passed over."""
    seen: set[str] = set()
    kinds: set[str] = set()
    for name, read in members(archive):
        matches = {kind: pattern.fullmatch(name) for kind, pattern in _PATTERNS.items()}
        kinds |= {kind for kind, match in matches.items() if match}
        if (match := matches[archive.name]) is None:
            continue
        id = match["id"]
        if id in seen or not is_id(id):
            wrong = "is there twice" if id in seen else "is a name that no photograph can have"
            raise _not_official(archive, f"{name!r} {wrong}")
        seen.add(id)
        yield id, read()
    if not seen:
        others = " and ".join(f"what belongs into {kind}" for kind in kinds)
        raise _not_official(archive, f"holds {others or 'nothing of LFW part labels'}")


def _not_official(archive: Path, wrong: str) -> DataError:
    return DataError(
        f"{shown(archive)}: {wrong}",
        expected=f"the official {archive.name}",
        remedy="fetch it again; if the names of the two archives were mixed up, swap them",
    )


def _source_files(archives: Path) -> list[Path]:
    names = [IMAGES, MASKS, *LISTS.values()]
    return [archives / name for name in names if (archives / name).is_file()]
