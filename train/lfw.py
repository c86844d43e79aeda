"""LFW part labels: 2,927 photographs with hair, face and background (Kae et al., CVPR 2013).

From the two official archives with the official lists, or from the parent project's folders.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from train.dataset import Dataset, SplitName, split_by_hash
from train.prepare import Labelled, prepare
from zoo.errors import DataError
from zoo.files import Home, sha256_of

IMAGES = "lfw-funneled.tgz"
MASKS = "parts_lfw_funneled_gt_images.tgz"
LISTS: dict[SplitName, str] = {
    "train": "parts_train.txt",
    "validation": "parts_validation.txt",
    "test": "parts_test.txt",
}
_IMAGE_MEMBER = re.compile(r"lfw_funneled/(?P<person>[^/]+)/(?P<id>(?P=person)_\d{4})\.jpg")
_MASK_MEMBER = re.compile(r"parts_lfw_funneled_gt_images/(?P<id>[^/]+_\d{4})\.ppm")
_ID = re.compile(r"[\w.-]+", re.UNICODE)
MEMBER_BYTES = 4 * 2**20
MEMBERS = 100_000


def prepare_lfw(home: Home, archives: Path, seed: int = 0) -> Dataset:
    """`data/lfw` from a folder that holds the official archives and, if at hand, their lists.

    Masks that no list names are left out; with no lists at all every mask is used, split by a
    hash of its name. Raises DataError naming what is missing or wrong.
    """
    for name in (IMAGES, MASKS):
        if not (archives / name).is_file():
            raise DataError(
                f"{archives / name} does not exist",
                expected=f"the official archives {IMAGES} and {MASKS} of LFW part labels",
                remedy="put both into one folder, then: bench data lfw --archives FOLDER",
            )
    masks = dict(_members(archives / MASKS, _MASK_MEMBER))
    splits, rule = _splits(archives, sorted(masks), seed)
    missing = sorted(splits.keys() - masks.keys())
    if missing:
        raise DataError(
            f"{archives / MASKS} has no mask for {missing[0]} ({len(missing)} missing)",
            expected="a mask for every line of the lists",
        )
    sources = {p.name: sha256_of(p) for p in _source_files(archives)}
    return prepare(home, "lfw", rule, sources, _pairs(archives, splits, masks))


def prepare_folder(
    home: Home, folder: Path, name: str, seed: int = 0, validation_share: float = 0.2
) -> Dataset:
    """`data/<name>` from `images/*.jpg` and `masks/*.ppm` (or .png) with equal names."""
    images = _by_name(folder / "images", (".jpg", ".jpeg", ".png"))
    masks = _by_name(folder / "masks", (".ppm", ".png"))
    if images.keys() != masks.keys():
        lonely = sorted(images.keys() ^ masks.keys())
        raise DataError(
            f"{folder}: {lonely[0]} has an image or a mask, not both ({len(lonely)} such)",
            expected="equal names in images/ and masks/",
        )
    splits = split_by_hash(sorted(images), seed, validation_share)
    pairs = (
        Labelled(
            id=id,
            person=None,
            split=splits[id],
            image=images[id].read_bytes(),
            mask=masks[id].read_bytes(),
            source=str(folder),
        )
        for id in sorted(images)
    )
    return prepare(home, name, _hash_rule(seed, validation_share), {}, pairs)


def parse_list(text: str, source: str) -> list[str]:
    """The ids of a list: `Dianne_Feinstein 2` and `Dianne_Feinstein 0002` are one image."""
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 2 or not _ID.fullmatch(words[0]) or not words[1].isdecimal():
            raise DataError(
                f"{source}, line {number}: {line[:80]!r}", expected="a name and a number"
            )
        ids.append(f"{words[0]}_{int(words[1]):04d}")
    return ids


def _splits(archives: Path, ids: list[str], seed: int) -> tuple[dict[str, SplitName], str]:
    present = {split: archives / file for split, file in LISTS.items()}
    present = {split: path for split, path in present.items() if path.is_file()}
    if not present:
        return split_by_hash(ids, seed, 0.2), _hash_rule(seed, 0.2)
    splits: dict[str, SplitName] = {}
    for split, path in present.items():
        for id in parse_list(path.read_text(encoding="utf-8", errors="replace"), str(path)):
            if splits.setdefault(id, split) != split:
                raise DataError(
                    f"{path} lists {id}, which is in {splits[id]} too", expected="disjoint lists"
                )
    named = [LISTS[split] for split in ("train", "validation") if split in present]
    return splits, f"official lists: {', '.join(named)}"


def _pairs(
    archives: Path, splits: dict[str, SplitName], masks: dict[str, bytes]
) -> Iterator[Labelled]:
    wanted = dict(splits)
    for id, image in _members(archives / IMAGES, _IMAGE_MEMBER):
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


def _members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """(id, content) of the regular members that match. Nothing is extracted by its own path."""
    seen: set[str] = set()
    try:
        with tarfile.open(archive, "r:*") as tar:
            for number, member in enumerate(tar):
                match = pattern.fullmatch(member.name)
                if number >= MEMBERS:
                    raise DataError(f"{archive} has over {MEMBERS} members", expected="fewer")
                if match is None or not _ID.fullmatch(match["id"]) or match["id"] in seen:
                    continue
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is None or member.size > MEMBER_BYTES:
                    raise DataError(
                        f"{archive}: {member.name} is not a file of at most {MEMBER_BYTES} bytes",
                        expected="the official archive",
                    )
                seen.add(match["id"])
                yield match["id"], stream.read()
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise DataError(
            f"{archive} can not be read as a tar archive: {error}",
            expected="the whole official archive",
            remedy="fetch it again",
        ) from error


def _by_name(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", expected="images/ and masks/ inside it")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        id, _, ending = path.name.rpartition(".")
        if f".{ending.lower()}" in endings:
            if id in found:
                raise DataError(f"{path} and {found[id]} share a name", expected="one of them")
            found[id] = path
    return found


def _hash_rule(seed: int, validation_share: float) -> str:
    return f"sha256(seed:name), seed {seed}, validation share {validation_share}"


def _source_files(archives: Path) -> list[Path]:
    names = [IMAGES, MASKS, *LISTS.values()]
    return [archives / name for name in names if (archives / name).is_file()]
