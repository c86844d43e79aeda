"""One data set of several; each image keeps its split, and which of them it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from train.data.dataset import Dataset
from train.data.labels import INDICES
from train.data.prepare import Labelled, prepare
from zoo.base.errors import DataError
from zoo.base.pictures import read_regular, shown
from zoo.home import Home

# Masks of a prepared data set lie as viewers show its photographs.
_LABELS = replace(INDICES, turned="upright")


def join(home: Home, names: Sequence[str], name: str) -> Dataset:
    """`data/<name>` of all items of the named data sets, each in its split, with its source.

    Raises DataError where a data set is named twice or is the result itself.
    """
    if len(set(names)) != len(names) or len(names) < 2 or name in names:
        raise DataError(
            f"join {' '.join(names)} to {name}",
            expected="two or more different data sets, and a new name",
        )
    parts = [Dataset.open(home, one) for one in names]
    if joined := [part.record.name for part in parts if any(i.source for i in part.record.items)]:
        raise DataError(
            f"{joined[0]} was joined itself",
            expected="the data sets that it was joined from, one by one",
            remedy=f"name them in its place; they are in {parts[0].folder.parent / joined[0]}",
        )
    sources = {part.record.name: part.record.sha256 for part in parts}
    rules = "; ".join(f"{part.record.name}: {part.record.rule}" for part in parts)
    rule = f"joined, each as it was split: {rules}"
    read_from = [part.folder for part in parts]
    return prepare(home, name, rule, sources, _items(parts), _LABELS, read_from=read_from)


def _items(parts: Sequence[Dataset]) -> Iterator[Labelled]:
    for part in parts:
        whole = part.record.name
        for item in part.record.items:
            image, mask = part.folder / item.image, part.folder / item.mask
            yield Labelled(
                id=f"{whole}.{item.id}",
                # Two sets may call different people the same.
                person=None if item.person is None else f"{whole}: {item.person}",
                split=item.split,
                image=read_regular(image, follow=True),
                mask=read_regular(mask, follow=True),
                source=whole,
                image_file=shown(image),
                mask_file=shown(mask),
                joined=item.source or whole,
            )
