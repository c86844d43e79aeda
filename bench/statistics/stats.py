"""Statistics of sessions. The pass is the replicate; inferences within a session are not.

Within a session, intervals of quantiles are by order statistics (Hahn and Meeker, Statistical
Intervals, ch. 5): no distribution is assumed, and where the count allows no 95 % interval there is
none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.sessions.record import Session
from bench.statistics.bursts import timed_of

CONFIDENCE = 0.95
# Below this a series has no verdict, so neither a limit of time ends it earlier.
SHORTEST_SERIES = 20
# With fewer nothing is said of how far another one might be off.
FEWEST_PASSES = 6
SUSTAINED_LAST_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """A quantile with its 95 % interval, or with its range over passes; low and high are None where
    the count allows none."""

    value: float
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """Of milliseconds, with the interval where there is one: `7.73 [6.03, 8.48]`."""
        digits = 2 if self.value >= 1 else 3
        if self.low is None or self.high is None:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    @property
    def half_width(self) -> float | None:
        """Half the interval as a share of the value."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2 / self.value


def quantile(values: Sequence[float], share: float) -> Quantile:
    """The `share` quantile of independent values (numpy's linear rule) with its interval.

    A two-sided 95 % interval needs 6 values for a median, 36 for p90, 368 for p99.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    ranks = order_ranks(len(ordered), share)
    low, high = (float(ordered[rank - 1]) for rank in ranks) if ranks else (None, None)
    return Quantile(value=quantiles(ordered, (share,))[0], low=low, high=high)


def quantiles(ordered: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Of values in rising order, one at least, by numpy's linear rule but many times as fast on a
    short series, of which a report takes a hundred thousand."""
    found, last = [], len(ordered) - 1
    for share in shares:
        below = min(int(share * last), last)
        low, high = float(ordered[below]), float(ordered[min(below + 1, last)])
        found.append(low + (share * last - below) * (high - low))
    return found


def median(values: NDArray[np.float64]) -> float:
    """As fast as `quantiles`, of values in any order."""
    return quantiles(np.sort(values), (0.5,))[0]


@lru_cache(maxsize=10_000)
def order_ranks(count: int, share: float) -> tuple[int, int] | None:
    """1-based ranks (lower, upper) whose values cover the quantile with at least 95 %.

    Each tail holds at most 2.5 %; None where the count is too small for that.
    """
    tail = (1 - CONFIDENCE) / 2
    below = _binomial_cdf(count, share)
    # P(value of rank r <= quantile) = P(Binomial >= r), so coverage(l, u) = cdf(u-1) - cdf(l-1).
    lower = max((r for r in range(1, count + 1) if below[r - 1] <= tail), default=None)
    upper = min((r for r in range(1, count + 1) if below[r - 1] >= 1 - tail), default=None)
    return None if lower is None or upper is None else (lower, upper)


def across_passes(medians: Sequence[float]) -> Quantile:
    """The median of the passes' medians, and their range (none below 6 passes): how fast it was
    here, at this time. The speed of a machine wanders, so that no interval promises more."""
    values = np.asarray(medians, dtype=np.float64)
    few = len(values) < FEWEST_PASSES
    return Quantile(
        value=median(values),
        low=None if few else float(values.min()),
        high=None if few else float(values.max()),
    )


def timed_ns(session: Session) -> tuple[int, ...]:
    """The samples that a session's figures are made of: all, or the last part of a sustained one;
    of one in turns those that were not interrupted (bench.statistics.bursts.timed_of).

    Empty where the device kept them. Of a sustained session the last minute counts, or its last
    half where it was shorter than two.
    """
    assert session.run is not None
    if session.run.series.bursts is not None:
        return timed_of(session)[0]
    samples = session.run.series.samples_ns or ()
    if session.plan.loop.mode != "sustained":
        return samples
    each_ns = np.asarray(samples, dtype=np.float64) * session.run.inferences_a_sample
    ends = np.cumsum(each_ns) / 1e9
    last_s = min(SUSTAINED_LAST_S, float(ends[-1]) / 2) if len(ends) else 0.0
    return samples[int(np.searchsorted(ends, ends[-1] - last_s)) :] if len(ends) else ()


def session_median_ms(session: Session) -> float | None:
    """The replicate's figure: the median of its samples, or the one its device reported. None where
    no sample is left to time; such a session does not count."""
    assert session.run is not None
    samples = timed_ns(session)
    if samples:
        return median(np.asarray(samples, dtype=np.float64)) / 1e6
    return (session.run.series.reported or {}).get("p50_ms")


def medians_ms(sessions: Iterable[Session]) -> list[float]:
    """Of those that have one."""
    return [found for session in sessions if (found := session_median_ms(session)) is not None]


def _binomial_cdf(count: int, share: float) -> list[float]:
    """P(Binomial(count, share) <= k) for k = 0..count."""
    mass = [
        math.comb(count, k) * share**k * (1 - share) ** (count - k)
        if count < 1000
        else math.exp(_log_mass(count, k, share))
        for k in range(count + 1)
    ]
    return [float(total) for total in np.cumsum(mass)]


def _log_mass(count: int, k: int, share: float) -> float:
    choose = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
    return choose + k * math.log(share) + (count - k) * math.log1p(-share)
