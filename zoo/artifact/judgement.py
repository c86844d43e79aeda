"""Whether an exported file segments as well as the network it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from zoo.artifact.iou import ImageCounts, Interval, paired_difference, pooled_interval
from zoo.base.frozen import Frozen

# How much pooled IoU a file may lose against torch in fp32.
BOUNDS: Mapping[str, float] = MappingProxyType(
    {
        "fp32": 0.001,
        "fp16": 0.002,
        "fp16a": 0.002,
        "int8": 0.01,
        "int8w": 0.01,
        "pal6": 0.01,
        "pal4": 0.01,
    }
)
# How far a file's masks may be from torch's on average: three times what any sound file of the zoo
# was seen to be, or more.
MASK_BOUNDS: Mapping[str, float] = MappingProxyType(
    {
        "fp32": 1e-3,
        "fp16": 5e-3,
        "fp16a": 5e-3,
        "int8": 0.03,
        "int8w": 0.03,
        "pal6": 0.03,
        "pal4": 0.05,
    }
)
# An image has fallen whose own IoU is lower by more.
FALL = 0.05


class Figure(Frozen):
    """A value and its two-sided 95 % interval; null of too few images."""

    value: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, interval: Interval) -> Figure:
        return cls(value=interval.value, low=interval.low, high=interval.high)


class Judgement(Frozen):
    """Derived from the counts beside it, for whoever reads the manifest.

    iou: pooled. difference: from torch in fp32, paired over the images. fell: images whose own IoU
    fell by more than 5 points. bound: how much the pooled IoU may lose.
    """

    iou: Figure
    difference: Figure
    fell: Annotated[int, Field(ge=0)]
    bound: Annotated[float, Field(ge=0)]

    @property
    def rejected(self) -> str | None:
        """Why the file is not to be used, if so; never by images that give no interval."""
        if self.difference.value >= -self.bound or self.difference.low is None:
            return None
        lost, allowed = -100 * self.difference.value, 100 * self.bound
        return f"its IoU is {lost:.2f} points below torch's, {allowed:.2f} are allowed"


def judge(ours: Sequence[ImageCounts], torchs: Sequence[ImageCounts], bound: float) -> Judgement:
    """Raises DataError where the counts are of different images."""
    difference = paired_difference(ours, torchs)
    fell = sum(_iou(a) < _iou(b) - FALL for a, b in zip(ours, torchs, strict=True))
    return Judgement(
        iou=Figure.of(pooled_interval(ours)),
        difference=Figure.of(difference),
        fell=fell,
        bound=bound,
    )


def _iou(counts: ImageCounts) -> float:
    return counts.intersection / counts.union if counts.union else 1.0
