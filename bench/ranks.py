"""Rank statistics of latency ratios: exact at small counts, nothing assumed but symmetry.

One session in ten that met a disturbance hardly moves them, and they lose 5 % against the mean
where there was none. Hollander, Wolfe and Chicken, Nonparametric Statistical Methods: signed ranks
3.1-3.3 (pairs), rank sums 4.1-4.3 (two samples). Holm, Scand. J. Statist. 6 (1979) 65-70.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.stats import CONFIDENCE

# Beyond these counts the normal approximation of the null distribution is good to 0.001.
EXACT_PAIRS = 50
EXACT_PRODUCT = 900

Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of latencies with its 95 % interval, and the p-value of "it is 1".

    low, high are None where the count allows no interval; p is then never below 0.05. counts:
    pairs, or the sessions of either side.
    """

    value: float
    low: float | None
    high: float | None
    p: float
    counts: tuple[int, ...]

    @property
    def half_width(self) -> float | None:
        """Half the interval in log units: 0.01 is about 1 %."""
        if self.low is None or self.high is None:
            return None
        return (math.log(self.high) - math.log(self.low)) / 2

    @property
    def differs(self) -> bool:
        """Whether the interval leaves 1 out."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def paired_ratio(logs: Sequence[float]) -> Ratio:
    """From the logarithms of pairs' ratios: the median of their Walsh averages.

    An interval needs 6 pairs.
    """
    values = np.asarray(logs, dtype=np.float64)
    rows, columns = _every_pair(len(values))
    walsh = np.sort((values[rows] + values[columns]) / 2)
    cumulative = _signed_ranks(len(values))
    positive = float(np.sum(walsh > 0) + np.sum(walsh == 0) / 2)
    return _ratio(walsh, cumulative, positive, (len(values),))


def unpaired_ratio(logs: Sequence[float], reference: Sequence[float]) -> Ratio:
    """Of two sets of sessions that were not measured in pairs: the median of all differences.

    An interval needs 4 sessions of each.
    """
    ours, theirs = np.asarray(logs, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    differences = np.sort((ours[:, None] - theirs[None, :]).ravel())
    cumulative = _rank_sums(len(ours), len(theirs))
    positive = float(np.sum(differences > 0) + np.sum(differences == 0) / 2)
    return _ratio(differences, cumulative, positive, (len(ours), len(theirs)))


def sessions_needed(ratio: Ratio, half_width: float) -> int | None:
    """About how many pairs, or sessions a side, in all give an interval of that half width.

    None where there is no interval to reckon from.
    """
    if ratio.half_width is None or half_width <= 0:
        return None
    return math.ceil(max(ratio.counts) * (ratio.half_width / half_width) ** 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted so that the chance of any false finding among all stays as stated."""
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = largest
    return adjusted


def _ratio(
    ordered: Float64, cumulative: Float64, positive: float, counts: tuple[int, ...]
) -> Ratio:
    """From ordered differences, and the null distribution of how many of them are positive."""
    cut = int(np.searchsorted(cumulative, (1 - CONFIDENCE) / 2, side="right"))
    low, high = (math.exp(ordered[cut - 1]), math.exp(ordered[-cut])) if cut else (None, None)
    rarer = math.floor(min(positive, len(ordered) - positive))
    p = min(1.0, 2 * float(cumulative[rarer]))
    return Ratio(value=math.exp(np.median(ordered)), low=low, high=high, p=p, counts=counts)


@lru_cache(maxsize=100)
def _every_pair(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of both, each with itself too."""
    return np.triu_indices(count)


@cache
def _signed_ranks(pairs: int) -> Float64:
    """P(W <= w) for w = 0..n(n+1)/2: the sum of the ranks of positive differences."""
    top = pairs * (pairs + 1) // 2
    if pairs > EXACT_PAIRS:
        return _normal(top, top / 2, pairs * (pairs + 1) * (2 * pairs + 1) / 24)
    mass = np.zeros(top + 1)
    mass[0] = 1.0
    for rank in range(1, pairs + 1):
        mass[rank:] = (mass[rank:] + mass[:-rank]) / 2
        mass[:rank] /= 2
    return np.cumsum(mass)


@cache
def _rank_sums(ours: int, theirs: int) -> Float64:
    """P(U <= u) for u = 0..mn: how many of all the differences are positive."""
    top = ours * theirs
    if top > EXACT_PRODUCT:
        return _normal(top, top / 2, top * (ours + theirs + 1) / 12)
    # ways[k, u]: sets of k of the first i ranks that leave u pairs positive.
    ways = np.zeros((ours + 1, top + 1))
    ways[0, 0] = 1.0
    for rank in range(1, ours + theirs + 1):
        for k in range(min(rank, ours), 0, -1):
            below = rank - k
            if below <= theirs:
                ways[k, below:] += ways[k - 1, : top + 1 - below]
    return np.cumsum(ways[ours]) / math.comb(ours + theirs, ours)


def _normal(top: int, mean: float, variance: float) -> Float64:
    law = NormalDist(mean, math.sqrt(variance))
    return np.array([law.cdf(value + 0.5) for value in range(top + 1)])
