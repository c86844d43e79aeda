"""What is known of a timed file's accuracy, on the data set that a report is about."""

from __future__ import annotations

from collections import Counter
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
from zoo.artifact.sources import HEADLINE, SECOND, parted
from zoo.base.files import sha256_of_json

Counts = tuple[ImageCounts, ...]
WORST = "worst"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What the chain of hashes says of a timed file.

    orphan: the reason where the chain is broken; nothing of it is joined then. by_data: the counts
    on each data set that the file was run on, by its name; by_reference: those of the reference
    export of its weights, which stand in where the file was not run itself; whose: the class that
    was counted, and the split. iou, mean_iou, counts: on the data set that is shown; of the worst
    of several the counts hold their source. ious: on each data set; reference_ious: on those that
    the file itself was not run on. iou_reason: why there is no IoU. iou_of: the class, data set and
    images of the IoU that is shown; those of different ones are not to be compared. iou_on: its
    data set in words. remedy: the command that would tell the file's own IoU, or make the file;
    None where it is known, or where none would. iou_change: the file's IoU minus torch's, paired
    over the same images, of all data sets of its checkpoint. rejected: why the file is not to be
    used.
    unlike_pixels: the share of its masks' pixels that change sides against torch's.
    init: where the first weights came from; a front that mixes them compares more than width.
    resizes: what other ways of shrinking the photograph cost, in words, where that was measured.
    """

    orphan: str | None = None
    by_data: Mapping[str, Counts] = field(default_factory=dict, repr=False)
    by_reference: Mapping[str, Counts] = field(default_factory=dict, repr=False)
    whose: tuple[str, str] = ("hair", "validation")
    iou: Interval | None = None
    counts: Counts = field(default=(), repr=False)
    mean_iou: Interval | None = None
    ious: Mapping[str, Interval] = field(default_factory=dict)
    reference_ious: Mapping[str, Interval] = field(default_factory=dict)
    iou_change: Interval | None = None
    rejected: str | None = None
    iou_reason: str | None = None
    remedy: str | None = None
    iou_of: str | None = None
    iou_on: str | None = None
    of_reference: bool = False
    max_abs_difference: float | None = None
    unlike_pixels: float | None = None
    size_bytes: int | None = None
    checkpoint_sha256: str | None = None
    init: str | None = None
    commit: str | None = None
    resizes: str | None = None

    @cached_property
    def images(self) -> int:
        """How many an interval is drawn from: of several data sets those of the smallest."""
        return min(Counter(one.source for one in self.counts).values(), default=0)

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
    known = {**found.by_reference, **found.by_data}
    if not known:
        return found
    name, counted = asked or _shown(known), found.by_data
    found = _of_one_kind(found, name)
    if name == WORST and len(found.by_data) > 1:
        return _on_worst(found)
    if name == WORST:
        another = next((each for each in (HEADLINE, SECOND) if each not in counted), None)
        remedy = evaluation(another) if evaluation and another else None
        only = next(iter(counted or known))
        return replace(found, iou_reason=f"counted on {only} alone", remedy=remedy)
    own = evaluation(name) if evaluation else None
    if name not in found.by_data:
        return replace(found, iou_reason=f"not counted on {name}", remedy=own)
    counts = found.by_data[name]
    return replace(
        found,
        iou=found.ious[name],
        counts=counts,
        mean_iou=_mean(counts),
        iou_of=_named(found, name, counts),
        iou_on=name,
        iou_reason=found.iou_reason if found.of_reference else None,
        remedy=own if found.of_reference else None if found.iou_change else found.remedy,
    )


def _of_one_kind(found: Joined, name: str) -> Joined:
    """With the IoUs of the file itself, where it was run on all that is shown; else with those of
    the reference export of its weights. The two are never mixed."""
    measured, reference = found.by_data.keys(), found.by_reference.keys()
    wanted = measured | reference if name == WORST else {name}
    own = wanted <= measured or bool(measured and not wanted & reference)
    shown, others = found.by_data if own else found.by_reference, reference - measured
    return replace(
        found,
        by_data=shown,
        ious={each: _iou(counts) for each, counts in shown.items()},
        reference_ious={each: _iou(found.by_reference[each]) for each in others if own},
        of_reference=not own,
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
    shown = replace(found, counts=tuple(every), iou_of=_named(found, names, every), iou_on=names)
    value = min(iou.value for iou in found.ious.values())
    means = [_mean(counts) for counts in found.by_data.values()]
    return replace(
        shown,
        iou=interval(value, shown.draws, shown.images),
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
