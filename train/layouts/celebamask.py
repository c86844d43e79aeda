"""CelebAMask-HQ: 30,000 faces with a mask for each part of them (Lee et al., CVPR 2020)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from train.data.dataset import CLASSES, Dataset, SplitName, encoded_mask, split_by_hash
from train.data.labels import INDICES, Labelling, Turn
from train.data.meaning import Census, read_labels
from train.data.names import is_litter
from train.data.prepare import Labelled, hash_rule, prepare
from train.layouts.celeba_lists import MAPPING, PARTITION, Lists, official_splits
from zoo.base.errors import DataError
from zoo.base.pictures import read_regular, shown
from zoo.home import Home
from zoo.preprocess import UInt8

NAME = "celebamask"
IMAGES, MASKS = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno"
# In the order in which the authors lay the parts over each other.
PARTS = {
    **dict.fromkeys(("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow"), "face"),
    **dict.fromkeys(("l_ear", "r_ear", "mouth", "u_lip", "l_lip"), "face"),
    "hair": "hair",
    **dict.fromkeys(("hat", "ear_r", "neck_l", "neck", "cloth"), "background"),
}
_FILE = re.compile(r"(?P<number>[0-9]{5})_(?P<part>[a-z_]+)\.png")
_IMAGE = re.compile(r"(?P<number>[0-9]{1,5})\.(?:jpg|jpeg|png)", re.IGNORECASE)
_WHITE = Labelling.parse(hair=["white"])
# The masks are of half the size of their photographs.
_LABELS = replace(INDICES, resize=True)


def prepare_celebamask(
    home: Home,
    archives: Path,
    seed: int = 0,
    share: float = 0.2,
    *,
    turned: Turn | None = None,
) -> Dataset:
    """`data/celebamask` from `CelebA-HQ-img/0.jpg` and `CelebAMask-HQ-mask-anno/0/00000_hair.png`;
    raises DataError naming what is missing or wrong.

    Split as CelebA where its two lists lie there too, else by a hash with `seed` and `share`.
    turned: as in Labelling.
    """
    root = archives if (archives / MASKS).is_dir() else archives / "CelebAMask-HQ"
    for name in (IMAGES, MASKS):
        if not (root / name).is_dir():
            raise DataError(
                f"{shown(archives)} holds no {name}",
                expected=f"{IMAGES}/0.jpg and {MASKS}/0/00000_hair.png",
                remedy="unpack CelebAMask-HQ.zip, then: bench data celebamask --archives FOLDER",
            )
    images, masks = _images(root / IMAGES), _masks(root / MASKS)
    for number in sorted(images.keys() ^ masks.keys()):
        lacking = f"masks, such as {number:05}_skin.png" if number in images else "photograph"
        raise DataError(
            f"{shown(root)}: number {number} has no {lacking}",
            expected="masks for every photograph, and a photograph for every mask",
            remedy="unpack the archive again",
        )
    lists = Lists.beside([root, archives])
    splits, rule = _splits(lists, images, seed, share)
    sources = {"labels": "hair; face with ears; the rest, and what covers hair, is background"}
    if not lists.missing:
        sources |= lists.sources
    pairs = _pairs(images, masks, splits)
    labelling = replace(_LABELS, turned=turned)
    return prepare(home, NAME, rule, sources, pairs, labelling, read_from=[root])


def _splits(
    lists: Lists, numbers: Collection[int], seed: int, share: float
) -> tuple[dict[int, SplitName], str]:
    """CelebA's own where both of its lists lie there, else by a hash; and the rule in words."""
    if lists.mapping and lists.partition:
        official = official_splits(lists.mapping, lists.partition, sorted(numbers))
        return official, f"CelebA's own split, by {MAPPING} and {PARTITION}"
    by_id = split_by_hash([f"{number:05}" for number in numbers], seed, share)
    missing = " and ".join(lists.missing)
    rule = f"{hash_rule(seed, share)}; CelebA's own split needs {missing} beside the photographs"
    return {int(id): split for id, split in by_id.items()}, rule


def _images(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if match := _IMAGE.fullmatch(path.name):
            found[int(match["number"])] = path
    return found


def _masks(folder: Path) -> dict[int, dict[str, Path]]:
    """By number and part; raises DataError for a file of no known part."""
    found: dict[int, dict[str, Path]] = defaultdict(dict)
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or is_litter(path):
            continue
        match = _FILE.fullmatch(path.name)
        if match is None or match["part"] not in PARTS:
            raise DataError(
                f"{shown(path)}: of no part that is known",
                expected=f"00000_PART.png of {', '.join(PARTS)}",
                remedy="remove it, or unpack the archive again",
            )
        found[int(match["number"])][match["part"]] = path
    return found


def _pairs(
    images: Mapping[int, Path],
    masks: Mapping[int, Mapping[str, Path]],
    splits: Mapping[int, SplitName],
) -> Iterator[Labelled]:
    for number, image in sorted(images.items()):
        yield Labelled(
            id=f"{number:05}",
            person=None,
            split=splits[number],
            image=read_regular(image),
            mask=encoded_mask(_laid_over(masks[number])),
            source=NAME,
            image_file=shown(image),
        )


def _laid_over(parts: Mapping[str, Path]) -> UInt8:
    """Class indices [H, W] of all parts of one face."""
    labels: UInt8 | None = None
    for part in (part for part in PARTS if part in parts):
        path = parts[part]
        there = read_labels(read_regular(path), shown(path), _WHITE, Census(_WHITE)) > 0
        if labels is None:
            labels = np.zeros(there.shape, dtype=np.uint8)
        if there.shape != labels.shape:
            raise DataError(
                f"{shown(path)}: of another size than the other parts",
                expected=f"{labels.shape[1]}x{labels.shape[0]} pixels",
                remedy="unpack the archive again",
            )
        labels[there] = CLASSES[PARTS[part]]
    assert labels is not None
    return labels
