"""Pareto fronts of IoU against latency: pure functions on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def front(latency_ms: ArrayLike, iou: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other dominates: less latency, more IoU.

    a dominates b when it is no worse in both and better in one. Of exact duplicates the first
    is on the front. O(n log n): sorted by latency up, IoU down, each that raises the best IoU.
    """
    latency = np.asarray(latency_ms, dtype=np.float64)
    quality = np.asarray(iou, dtype=np.float64)
    order = np.lexsort((-quality, latency))
    best_before = np.concatenate(([-np.inf], np.maximum.accumulate(quality[order])[:-1]))
    on_front = np.zeros(len(latency), dtype=bool)
    on_front[order] = quality[order] > best_before
    return on_front


def staircase(
    latency_ms: ArrayLike, iou: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The front's points by rising latency, to be drawn as steps (`where="post"`)."""
    latency = np.asarray(latency_ms, dtype=np.float64)
    quality = np.asarray(iou, dtype=np.float64)
    chosen = front(latency, quality)
    order = np.argsort(latency[chosen])
    return latency[chosen][order], quality[chosen][order]
