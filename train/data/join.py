"""One data set of several, and the IoU told by which of them an image came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from train.data.dataset import Dataset
from train.data.labels import INDICES
from train.data.prepare import Labelled, prepare
from zoo.artifact.iou import ImageCounts, Interval, pooled_interval
from zoo.base.errors import DataError
from zoo.base.pictures import read_regular, shown
from zoo.home import Home

# Masks of a prepared data set lie as viewers show its photographs.
_LABELS = replace(INDICES, turned="upright")


@dataclass(frozen=True, kw_only=True)
class SourceIou:
    """The pooled IoU on the images that came from one data set."""

    source: str
    images: int
    iou: Interval


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
    sources = {part.record.name: part.record.sha256 for part in parts}
    rules = "; ".join(f"{part.record.name}: {part.record.rule}" for part in parts)
    rule = f"joined, each as it was split: {rules}"
    return prepare(home, name, rule, sources, _items(parts), _LABELS)


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


def by_source(dataset: Dataset, counts: Sequence[ImageCounts]) -> list[SourceIou]:
    """Of counts on images of a data set, by source; empty where it was not joined."""
    source_of = {item.id: item.source for item in dataset.record.items}
    groups: dict[str, list[ImageCounts]] = {}
    for count in counts:
        if source := source_of.get(count.image):
            groups.setdefault(source, []).append(count)
    return [
        SourceIou(source=source, images=len(group), iou=pooled_interval(group))
        for source, group in sorted(groups.items())
    ]


def source_text(found: Sequence[Mapping[str, Any]]) -> str:
    """Of records of SourceIou, in one line: `lfw 0.781 [0.765, 0.795] of 500, ...`."""
    return ", ".join(
        f"{one['source']} {Interval(**one['iou']).text} of {one['images']}" for one in found
    )
