"""Figaro-1k: 1,050 photographs of hair of seven kinds (Muhammad et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from train.data.dataset import Dataset, SplitName, split_by_hash
from train.data.folder import Survey, read_pairs, survey
from train.data.labels import Labelling, Turn
from train.data.names import Layout
from train.data.prepare import Labelled, hash_rule, prepare
from zoo.base.errors import DataError
from zoo.base.pictures import shown
from zoo.home import Home

NAME = "figaro1k"
PARTS = ("Training", "Testing")
# A PBM holds bits; what a viewer shows white is hair.
LABELS = Labelling.parse(hair=["white"])


def prepare_figaro1k(
    home: Home,
    archives: Path,
    seed: int = 0,
    share: float = 0.2,
    *,
    resize: bool = False,
    turned: Turn | None = None,
) -> Dataset:
    """`data/figaro1k` from `Original/Training/Frame00001-org.jpg`, `GT/Training/Frame00001-gt.pbm`
    and so on; raises DataError naming what is missing or wrong.

    The official Testing part is test, where it is there; Training is split by a hash of the name.
    resize, turned: as in Labelling.
    """
    root = archives if (archives / "Original").is_dir() else archives / "Figaro1k"
    if not (root / "Original" / "Training").is_dir():
        raise DataError(
            f"{shown(archives)} holds no Original/Training",
            expected="Original/Training/Frame00001-org.jpg and GT/Training/Frame00001-gt.pbm",
            remedy="unpack Figaro1k.zip, then: bench data figaro1k --archives FOLDER",
        )
    there = [part for part in PARTS if (root / "Original" / part).is_dir()]
    found = {part: _survey(root, part) for part in there}
    rule = f"{hash_rule(seed, share)}, of the official Training part"
    labelling = replace(LABELS, resize=resize, turned=turned)
    sources = {"labels": str(labelling), "parts": ", ".join(there)}
    pairs = _pairs(found, seed, share)
    return prepare(home, NAME, rule, sources, pairs, labelling, read_from=[root])


def _survey(root: Path, part: str) -> Survey:
    layout = Layout(
        images=f"Original/{part}", masks=f"GT/{part}", image_suffix="-org", mask_suffix="-gt"
    )
    found = survey(root, layout)
    for _, error in found.problems:
        raise error
    return found


def _pairs(found: dict[str, Survey], seed: int, share: float) -> Iterator[Labelled]:
    for part, one in found.items():
        split: dict[str, SplitName] = dict.fromkeys(one.pairs, "test")
        chosen = split_by_hash(list(one.pairs), seed, share) if part == "Training" else split
        for pair in read_pairs(one, chosen):
            yield replace(pair, source=f"{NAME} {part}")
