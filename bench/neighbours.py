"""How files that took turns stand to one another, from the ratios of turns close to each other.

A machine's speed changes from one moment to the next, often for some tens of milliseconds only: a
neighbour on the same hardware is enough. Two turns in a row mostly meet the same speed. So every
turn is compared with the next few turns of other files, and the files' figures are those that fit
all of these log ratios best: weighted least squares over the graph of comparisons. Each ratio
counts less the further it is off, by Cauchy's weights, for now and then the speed changes between
two turns.

The median polish of log time = file + round, which assumes one speed throughout a round, varies
more from pass to pass on a machine whose speed changes within one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A turn is compared with so many after it, the nearest one counting most: 1, 1/2, 1/3, 1/4.
REACH = 4
SWEEPS = 40
SETTLED = 1e-6
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
    for _ in range(SWEEPS if len(found) else 0):
        off = found - (effects[other] - effects[one])
        width = max(FINEST, 1.4826 * float(np.median(np.abs(off))))
        fitted = _solved(count, one, other, found, nearness / (1 + (off / width) ** 2))
        moved = float(np.max(np.abs(fitted - effects + np.mean(effects))))
        effects = fitted
        if moved < SETTLED:
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
        nearness.append(np.full(len(places), 1 / step))
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
    matrix, right = np.zeros((count, count)), np.zeros(count)
    np.add.at(matrix, (one, one), weights)
    np.add.at(matrix, (other, other), weights)
    np.add.at(matrix, (one, other), -weights)
    np.add.at(matrix, (other, one), -weights)
    np.add.at(right, other, weights * found)
    np.add.at(right, one, -weights * found)
    # The constant is free; and files that were never near each other have no ratio at all.
    return np.asarray(np.linalg.lstsq(matrix + 1 / count, right, rcond=None)[0], dtype=np.float64)
