"""What is known of a timed file's accuracy, on the data set that a report is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from zoo.artifact.iou import (
    ImageCounts,
    Interval,
    interval,
    mean_interval,
    pooled,
    pooled_draws,
)
from zoo.artifact.sources import HEADLINE, parted
from zoo.base.files import sha256_of_json

Counts = tuple[ImageCounts, ...]
WORST = "worst"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What the chain of hashes says of a timed file.

    orphan: the reason where the chain is broken; nothing of it is joined then. by_data: the counts
    on each data set that the file was run on, by its name; whose: the class that was counted, and
    the split. iou, mean_iou, counts: on the data set that is shown; of the worst of several the
    counts hold their source. ious: on each data set. iou_reason: why there is no IoU. iou_of: the
    class, data set and images of the IoU that is shown; those of different ones are not to be
    compared. remedy: the command that would tell the file's own IoU, or make the file; None where
    it is known, or where none would. iou_change: the file's IoU minus torch's, paired over the same
    images, of all data sets of its checkpoint. rejected: why the file is not to be used.
    unlike_pixels: the share of its masks' pixels that change sides against torch's.
    init: where the first weights came from; a front that mixes them compares more than width.
    resizes: what other ways of shrinking the photograph cost, in words, where that was measured.
    """

    orphan: str | None = None
    by_data: Mapping[str, Counts] = field(default_factory=dict, repr=False)
    whose: tuple[str, str] = ("hair", "validation")
    iou: Interval | None = None
    counts: Counts = field(default=(), repr=False)
    mean_iou: Interval | None = None
    ious: Mapping[str, Interval] = field(default_factory=dict)
    iou_change: Interval | None = None
    rejected: str | None = None
    iou_reason: str | None = None
    remedy: str | None = None
    iou_of: str | None = None
    of_reference: bool = False
    max_abs_difference: float | None = None
    unlike_pixels: float | None = None
    size_bytes: int | None = None
    checkpoint_sha256: str | None = None
    init: str | None = None
    commit: str | None = None
    resizes: str | None = None

    @cached_property
    def draws(self) -> NDArray[np.float64]:
        """Pooled IoUs of resampled images, the same images for all files; [REPLICATES]."""
        parts = [_drawn(part) for part in parted(self.counts, "").values()]
        return np.asarray(np.min(parts, axis=0))


def on_data(found: Joined, asked: str | None, evaluation: Callable[[str], str] | None) -> Joined:
    """With the IoU on one of the data sets that the file was run on.

    asked: its name, or `worst`; by default LFW where the file was run on it, else the only one,
    else the worst. evaluation: the command that runs the file on a data set of that name.
    """
    if not found.by_data:
        return found
    ious = {name: _iou(counts) for name, counts in found.by_data.items()}
    found = replace(found, ious=ious)
    name = asked or _shown(found.by_data)
    if name == WORST and len(found.by_data) > 1:
        return _on_worst(found)
    if name == WORST:
        [only] = found.by_data
        return replace(found, iou_reason=f"counted on {only} alone", of_reference=False)
    own = evaluation(name) if evaluation else None
    if name not in found.by_data:
        reason = f"not counted on {name}"
        return replace(found, iou_reason=reason, remedy=own, of_reference=False)
    counts = found.by_data[name]
    return replace(
        found,
        iou=ious[name],
        counts=counts,
        mean_iou=_mean(counts),
        iou_of=_named(found, name, counts),
        iou_reason=found.iou_reason if found.of_reference else None,
        remedy=own if found.of_reference else found.remedy,
    )


def _shown(by_data: Mapping[str, Counts]) -> str:
    if HEADLINE in by_data:
        return HEADLINE
    return next(iter(by_data)) if len(by_data) == 1 else WORST


def _on_worst(found: Joined) -> Joined:
    """Of several data sets, in every replicate the lowest IoU."""
    every = [
        replace(one, image=f"{name}.{one.image}", source=name)
        for name, counts in found.by_data.items()
        for one in counts
    ]
    *most, last = found.by_data
    word = "worse" if len(most) == 1 else "worst"
    names = f"the {word} of {', '.join(most)} and {last}"
    shown = replace(found, counts=tuple(every), iou_of=_named(found, names, every))
    value = min(iou.value for iou in found.ious.values())
    fewest = min(len(counts) for counts in found.by_data.values())
    means = [_mean(counts) for counts in found.by_data.values()]
    return replace(
        shown,
        iou=interval(value, shown.draws, fewest),
        iou_reason=found.iou_reason if found.of_reference else None,
        mean_iou=min(means, key=lambda mean: mean.value),
    )


def _named(found: Joined, data: str, counts: Sequence[ImageCounts]) -> str:
    """The same for the same images, whatever data set they were joined in."""
    target, split = found.whose
    images = sha256_of_json(sorted((one.image, one.labelled) for one in counts))[:8]
    told = f"{target} on {data} {split}, {len(counts)} images (set {images})"
    return f"{told}, of the reference export of these weights" if found.of_reference else told


# Files whose accuracy is that of one reference export have the same counts.
@lru_cache(maxsize=512)
def _drawn(counts: Counts) -> NDArray[np.float64]:
    return pooled_draws(counts)


@lru_cache(maxsize=512)
def _iou(counts: Counts) -> Interval:
    return interval(pooled(counts), _drawn(counts), len(counts))


@lru_cache(maxsize=512)
def _mean(counts: Counts) -> Interval:
    return mean_interval(counts)
