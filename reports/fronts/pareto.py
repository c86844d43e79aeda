"""Pareto fronts of IoU against latency: pure functions on arrays.

Points lie along the last axis of `latency_ms` and `iou`; axes before it are resampled copies of
the same points, so that one call answers for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]

# What counts as close to the front: half of what labels made of superpixels leave open, and less
# than neighbouring runs of one model differ on a shared machine.
BAND_IOU = 0.003
BAND_LATENCY = 0.03


@dataclass(frozen=True, kw_only=True)
class Box:
    """The fixed corners that hypervolumes are measured between: never by what is shown.

    latency by its logarithm, IoU as it is. What lies beyond the slow or the low corner counts
    nothing; what lies beyond the fast one counts as if it stood on it.
    """

    fastest_ms: float = 0.1
    slowest_ms: float = 100.0
    lowest_iou: float = 0.5

    @property
    def text(self) -> str:
        return f"{self.fastest_ms:g} to {self.slowest_ms:g} ms (log), IoU {self.lowest_iou:g} to 1"


BOX = Box()


def front(latency_ms: ArrayLike, iou: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other dominates: less latency, more IoU.

    a dominates b when it is no worse in both and better in one. Of exact duplicates the first
    is on the front. O(n log n): sorted by latency up, IoU down, each that raises the best IoU.
    """
    order, _, quality = _sorted(latency_ms, iou)
    on_front = np.zeros(order.shape, dtype=bool)
    np.put_along_axis(on_front, order, quality > _best_before(quality), axis=-1)
    return on_front


def dominators(latency_ms: ArrayLike, iou: ArrayLike) -> NDArray[np.intp]:
    """For each point [n] the index of a front point that dominates it, -1 on the front itself.

    Of several the one of most IoU. A duplicate of a front point has that point.
    """
    order, _, quality = _sorted(latency_ms, iou)
    leads = quality > _best_before(quality)
    leader = np.maximum.accumulate(np.where(leads, np.arange(len(order)), -1))
    found = np.full(len(order), -1, dtype=np.intp)
    found[order] = np.where(leads, -1, order[leader]) if len(order) else found
    return found


def near_front(
    latency_ms: ArrayLike,
    iou: ArrayLike,
    band_iou: float = BAND_IOU,
    band_latency: float = BAND_LATENCY,
) -> NDArray[np.bool_]:
    """Which points [n] are on the front or would be, if they had `band_iou` more IoU and
    `band_latency` (a share) less latency than they have."""
    latency = np.asarray(latency_ms, dtype=np.float64)
    quality = np.asarray(iou, dtype=np.float64)
    _, sorted_latency, sorted_quality = _sorted(latency, quality)
    best = np.concatenate(([-np.inf], np.maximum.accumulate(sorted_quality)))
    at_most = np.searchsorted(sorted_latency, latency / (1 + band_latency), side="right")
    return front(latency, quality) | (best[at_most] < quality + band_iou)


def front_probability(latency_ms: ArrayLike, iou: ArrayLike) -> Float64:
    """How often each point is on the front, over the first axis of draws [draws, n]."""
    return np.asarray(front(latency_ms, iou).mean(axis=0), dtype=np.float64)


def hypervolume(latency_ms: ArrayLike, iou: ArrayLike, box: Box = BOX) -> Float64:
    """The share of `box` that the points dominate, 0..1; one figure for each leading axis."""
    _, latency, quality = _sorted(latency_ms, iou)
    low, high = np.log(box.fastest_ms), np.log(box.slowest_ms)
    starts = np.clip(np.log(latency), low, high)
    ends = np.concatenate((starts[..., 1:], np.full((*starts.shape[:-1], 1), high)), axis=-1)
    heights = np.clip(np.maximum.accumulate(quality, axis=-1) - box.lowest_iou, 0, None)
    area = np.sum((ends[..., : starts.shape[-1]] - starts) * heights, axis=-1)
    return np.asarray(area / ((high - low) * (1 - box.lowest_iou)), dtype=np.float64)


def staircase(latency_ms: ArrayLike, iou: ArrayLike) -> tuple[Float64, Float64]:
    """The front's points [n] by rising latency, to be drawn as steps (`where="post"`)."""
    latency = np.asarray(latency_ms, dtype=np.float64)
    quality = np.asarray(iou, dtype=np.float64)
    chosen = front(latency, quality)
    order = np.argsort(latency[chosen])
    return latency[chosen][order], quality[chosen][order]


def _sorted(latency_ms: ArrayLike, iou: ArrayLike) -> tuple[NDArray[np.intp], Float64, Float64]:
    """By latency up, then IoU down, then as they came: their order, and both so ordered."""
    latency, quality = np.broadcast_arrays(
        np.asarray(latency_ms, dtype=np.float64), np.asarray(iou, dtype=np.float64)
    )
    order = np.lexsort((-quality, latency), axis=-1)
    return (
        order,
        np.take_along_axis(latency, order, axis=-1),
        np.take_along_axis(quality, order, axis=-1),
    )


def _best_before(quality: Float64) -> Float64:
    """The greatest of all before each place, -inf at the first."""
    first = np.full((*quality.shape[:-1], 1), -np.inf)
    rest = np.maximum.accumulate(quality, axis=-1)[..., :-1]
    return np.concatenate((first, rest), axis=-1)[..., : quality.shape[-1]]
