"""Resampling: what the points might have been, had other sessions or other images been taken.

Whatever was common to several points is drawn for all of them together, so that it cancels
where two of them are compared: the rounds of a run, and the images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
REPLICATES = 2000


def median_draws(
    values: Sequence[Sequence[float]],
    rounds: Sequence[Sequence[tuple[Hashable, int]]],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Float64:
    """Medians of each point's resampled sessions, [replicates, points].

    values: each point's session figures; rounds: the batch and round of each of them. A round is
    drawn, within its batch, with all that was measured in it. A point of which a draw holds no
    session keeps the median of them all.
    """
    of_batch: dict[Hashable, set[int]] = defaultdict(set)
    for batch, number in (place for point in rounds for place in point):
        of_batch[batch].add(number)
    generator = np.random.default_rng(seed)
    column: dict[tuple[Hashable, int], int] = {}
    drawn = []
    for batch, numbers in of_batch.items():
        count = len(numbers)
        times = generator.multinomial(count, np.full(count, 1 / count), size=replicates)
        drawn.append(times.astype(np.int32))
        column |= {(batch, n): len(column) + place for place, n in enumerate(sorted(numbers))}
    every = np.concatenate(drawn, axis=1) if drawn else np.empty((replicates, 0), np.int32)
    medians = [
        _weighted_medians(np.asarray(one, dtype=np.float64), every, [column[at] for at in places])
        for one, places in zip(values, rounds, strict=True)
    ]
    return np.stack(medians, axis=-1) if medians else np.empty((replicates, 0))


def _weighted_medians(values: Float64, times: NDArray[np.int32], columns: Sequence[int]) -> Float64:
    """The median of `values` [n], each counted times[r, columns[n]] times, for every draw r."""
    order = np.argsort(values)
    ordered = values[order]
    reached = np.cumsum(times[:, np.asarray(columns)[order]], axis=-1, dtype=np.int32)
    total = reached[:, -1:]
    # The middle one, or the mean of the middle two: the first ranks that reach both halves.
    lower = np.argmax(reached >= (total + 1) // 2, axis=-1)
    upper = np.argmax(reached >= total // 2 + 1, axis=-1)
    medians = (ordered[lower] + ordered[upper]) / 2
    return np.where(total[:, 0] > 0, medians, np.median(values))
