"""Ratios of latencies with their intervals: over passes, or of two sets of sessions.

Over passes by Student's t: a pass gives one ratio, and the passes are the replicates. Of two sets
that were never measured beside each other the runs are the replicates, by Student's t too. Where
there are too few runs, the sessions are, by rank sums, exact at small counts (Hollander, Wolfe and
Chicken, Nonparametric Statistical Methods, 4.1-4.3). Holm, Scand. J. Statist. 6 (1979) 65-70.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.statistics.stats import CONFIDENCE, FEWEST_PASSES
from bench.statistics.students_t import beyond, quantile_of_t

# Beyond this count the normal approximation of the null distribution is good to 0.001.
EXACT_PRODUCT = 900
# From so many runs of both sides on, runs are the replicates: fewer say too little of each other.
FEWEST_RUNS = 4

Float64 = NDArray[np.float64]
Replicates = Literal["passes", "sessions", "runs"]
# The logarithms of sessions' latencies, run by run.
Runs = Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of latencies with its 95 % interval, and the p-value of "it is 1".

    low, high are None where the count allows no interval; p is then 1, or never below 0.05.
    counts: of the replicates, one number, or one for either side.
    """

    value: float
    low: float | None
    high: float | None
    p: float
    counts: tuple[int, ...]
    replicates: Replicates = "passes"

    @property
    def text(self) -> str:
        """With its interval where there is one: `0.812 [0.803, 0.821]`."""
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def half_width(self) -> float | None:
        """Half the interval in log units: 0.01 is about 1 %."""
        if self.low is None or self.high is None:
            return None
        return (math.log(self.high) - math.log(self.low)) / 2

    def within(self, target: float, of_difference: float = 0.0) -> bool:
        """Whether the interval is within +-target, or within that share of the difference found."""
        wanted = self.wanted(target, of_difference)
        return self.half_width is not None and self.half_width <= wanted

    def wanted(self, target: float, of_difference: float = 0.0) -> float:
        """What half the interval may be at most, for `within`."""
        return max(target, of_difference * abs(math.log(self.value)))

    @property
    def differs(self) -> bool:
        """Whether the interval leaves 1 out."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def ratio_over_passes(logs: Sequence[float]) -> Ratio:
    """From the logarithms of the passes' ratios: their mean, by Student's t.

    An interval needs 6 passes.
    """
    values = np.asarray(logs, dtype=np.float64)
    count, mean = len(values), float(np.mean(values))
    if count < FEWEST_PASSES:
        return Ratio(value=math.exp(mean), low=None, high=None, p=1.0, counts=(count,))
    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    return _by_t(mean, error, count - 1, (count,), "passes")


def by_run(sessions: Iterable[tuple[Hashable, float]]) -> Runs:
    """From each session's run, named in any way, and the logarithm of its latency."""
    runs: dict[Hashable, list[float]] = defaultdict(list)
    for run, log in sessions:
        runs[run].append(log)
    return list(runs.values())


def unpaired_ratio(ours: Runs, theirs: Runs) -> Ratio:
    """Of two sets of sessions that were not measured in pairs, neither of them empty.

    Sessions of one run have more in common than those of two. So the runs are the replicates, where
    both sides together have four: the difference of their means, by Student's t with one variance.
    With fewer runs the sessions are: the median of all differences, by rank sums. What differs from
    run to run is not in that interval, which needs 4 sessions of each.
    """
    if len(ours) + len(theirs) >= FEWEST_RUNS:
        return _ratio_of_runs(ours, theirs)
    one, other = (np.concatenate([np.asarray(run) for run in side]) for side in (ours, theirs))
    differences = np.sort((one[:, None] - other[None, :]).ravel())
    cumulative = _rank_sums(len(one), len(other))
    positive = float(np.sum(differences > 0) + np.sum(differences == 0) / 2)
    return _by_ranks(differences, cumulative, positive, (len(one), len(other)))


def _ratio_of_runs(ours: Runs, theirs: Runs) -> Ratio:
    sides = [np.array([np.median(run) for run in side]) for side in (ours, theirs)]
    counts = (len(ours), len(theirs))
    freedom = sum(counts) - 2
    squares = sum(float(np.sum((side - side.mean()) ** 2)) for side in sides)
    error = math.sqrt(squares / freedom * sum(1 / count for count in counts))
    return _by_t(float(sides[0].mean() - sides[1].mean()), error, freedom, counts, "runs")


def _by_t(
    mean: float, error: float, freedom: int, counts: tuple[int, ...], replicates: Replicates
) -> Ratio:
    half = quantile_of_t((1 + CONFIDENCE) / 2, freedom) * error
    off = math.inf if error == 0 else abs(mean) / error
    return Ratio(
        value=math.exp(mean),
        low=math.exp(mean - half),
        high=math.exp(mean + half),
        p=1.0 if mean == 0 else beyond(off, freedom),
        counts=counts,
        replicates=replicates,
    )


def sessions_needed(ratio: Ratio, half_width: float) -> int | None:
    """About how many replicates, of either side, in all give an interval of that half width.

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


def _by_ranks(
    ordered: Float64, cumulative: Float64, positive: float, counts: tuple[int, ...]
) -> Ratio:
    """From ordered differences, and the null distribution of how many of them are positive."""
    cut = int(np.searchsorted(cumulative, (1 - CONFIDENCE) / 2, side="right"))
    low, high = (math.exp(ordered[cut - 1]), math.exp(ordered[-cut])) if cut else (None, None)
    rarer = math.floor(min(positive, len(ordered) - positive))
    p = min(1.0, 2 * float(cumulative[rarer]))
    middle = math.exp(np.median(ordered))
    return Ratio(value=middle, low=low, high=high, p=p, counts=counts, replicates="sessions")


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
