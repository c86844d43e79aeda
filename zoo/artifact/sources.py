"""Of counts on a joined data set: the IoU by which of its parts an image came from.

A pooled IoU over all of them would follow the part with the largest photographs.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.artifact.iou import ImageCounts, Interval, pooled, pooled_interval

# What is shown where nothing else was asked for, of models that were counted on it.
HEADLINE = "lfw"
# The other one that the weights in the package were trained on.
SECOND = "figaro1k"
_PREPARED = {
    HEADLINE: "bench data lfw",
    SECOND: "bench data figaro1k --archives FOLDER",
    "synthetic": "bench data synthetic",
}


@dataclass(frozen=True, kw_only=True)
class SourceIou:
    """The pooled IoU on the images that came from one data set."""

    source: str
    images: int
    iou: Interval


def parted(counts: Sequence[ImageCounts], whole: str) -> dict[str, tuple[ImageCounts, ...]]:
    """Counts by the data set that each image came from, and named as they are named there.

    whole: the data set that was counted on, of images that were joined from none.
    """
    groups: dict[str, list[ImageCounts]] = {}
    for one in counts:
        source = one.source or whole
        image = one.image.removeprefix(f"{one.source}.") if one.source else one.image
        # Ten times as quick as `replace`, for tens of thousands of them.
        own = ImageCounts(
            image=image,
            intersection=one.intersection,
            predicted=one.predicted,
            labelled=one.labelled,
        )
        groups.setdefault(source, []).append(own)
    return {source: tuple(group) for source, group in sorted(groups.items())}


def by_source(counts: Sequence[ImageCounts], whole: str) -> list[SourceIou]:
    """A figure for each data set that the images came from."""
    return [
        SourceIou(source=source, images=len(group), iou=pooled_interval(group))
        for source, group in parted(counts, whole).items()
    ]


def preparing(name: str) -> str:
    """The command that prepares a data set of that name."""
    return _PREPARED.get(name, f"bench data folder FOLDER --name {shlex.quote(name)}")


def headline(sources: Collection[str]) -> str:
    """Of one or more data sets the one that stands for all."""
    return HEADLINE if HEADLINE in sources else next(iter(sources))


def headline_iou(parts: Mapping[str, Sequence[ImageCounts]]) -> tuple[str, float]:
    """Of counts by data set: the one that stands for all, and the pooled IoU on it."""
    name = headline(parts)
    return name, pooled(parts[name])


def headline_first(names: Iterable[str]) -> list[str]:
    """The order of columns."""
    return sorted(names, key=lambda name: (name != HEADLINE, name))


def source_text(found: Sequence[Mapping[str, Any]]) -> str:
    """Of records of SourceIou, in one line: `lfw 0.781 [0.765, 0.795] of 500, ...`."""
    return ", ".join(
        f"{one['source']} {Interval(**one['iou']).text} of {one['images']}" for one in found
    )
