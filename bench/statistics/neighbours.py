"""How files that took turns stand to one another, from the ratios of turns close to each other.

A machine's speed changes from one moment to the next, often for some tens of milliseconds only: a
neighbour on the same hardware is enough. Two turns close to each other often meet the same speed,
and their ratio is right then to some per cent; else it is wrong by tens of them. So every turn is
compared with the next few turns of other files, and the files' figures are those that fit best with
as many of these log ratios as can be: weighted least squares over the graph of comparisons, each
ratio counting less the further it is off, by Cauchy's weights. Their width begins as that of all
ratios and narrows to a fifth of it, so that in the end those count that met one speed.

The median polish of log time = file + round, which assumes one speed throughout a round, varies
more from pass to pass on a machine whose speed changes within one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A turn is compared with so many after it, the nearest one counting most: 1, 0.71, 0.58 and so on.
REACH = 8
# Of the deviation of all ratios: the width of the weights at last, and its change in a sweep.
NARROWEST, NARROWING = 0.2, 0.85
SWEEPS = 60
SETTLED = 1e-5
# No ratio is known better than this.
FINEST = 0.002

Float64 = NDArray[np.float64]


def file_effects(files: Sequence[int], logs: Sequence[float]) -> Float64:
    """The logarithm of each file's time, but for a constant common to all.

    files: of each turn in time order, numbered from 0, each there at least once; logs: of the
    turns' figures. Their mean is 0.
    """
    of, values = np.asarray(files), np.asarray(logs, dtype=np.float64)
    count = int(of.max()) + 1
    effects = np.array([np.median(values[of == file]) for file in range(count)])
    first, second, nearness = _comparisons(of)
    found = values[second] - values[first]
    one, other = of[first], of[second]
    for sweep in range(SWEEPS if len(found) else 0):
        off = found - (effects[other] - effects[one])
        share = max(NARROWEST, NARROWING**sweep)
        width = max(FINEST, share * 1.4826 * float(np.median(np.abs(off))))
        fitted = _solved(count, one, other, found, nearness / (1 + (off / width) ** 2))
        moved = float(np.max(np.abs(fitted - effects + np.mean(effects))))
        effects = fitted
        if share == NARROWEST and moved < SETTLED:
            break
    centred: Float64 = effects - effects.mean()
    return centred


def _comparisons(of: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp], Float64]:
    """Places of the earlier and the later turn, and how much the pair counts."""
    first, second, nearness = [], [], []
    for step in range(1, min(REACH, len(of) - 1) + 1):
        places = np.flatnonzero(of[:-step] != of[step:])
        first.append(places)
        second.append(places + step)
        nearness.append(np.full(len(places), step**-0.5))
    if not first:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    return np.concatenate(first), np.concatenate(second), np.concatenate(nearness)


def _solved(
    count: int,
    one: NDArray[np.intp],
    other: NDArray[np.intp],
    found: Float64,
    weights: Float64,
) -> Float64:
    """Weighted least squares of effects[other] - effects[one] = found; their mean is 0."""
    pairs = np.bincount(one * count + other, weights, count**2).reshape(count, count)
    met = pairs + pairs.T
    matrix = np.diag(met.sum(axis=0)) - met
    right = np.bincount(other, weights * found, count) - np.bincount(one, weights * found, count)
    # The constant is free; and files that were never near each other have no ratio at all.
    free = 1 / count + np.diag(np.full(count, 1e-9 * (1 + matrix.trace())))
    return np.asarray(np.linalg.solve(matrix + free, right), dtype=np.float64)
