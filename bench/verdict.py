"""What a session's series looks like, and what is known to have disturbed it.

Only what is known counts against a session: an unknown condition does not hide a steady series,
and does not vouch for it either; `bench check` names it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.changes import Changes
from bench.record import Session
from bench.sampling import SHORTEST_SERIES
from bench.stats import median, quantiles, timed_ns

Label = Literal[
    "steady",
    "drifting",
    "throttled",
    "noisy",
    "hot start",
    "disturbed",
    "short",
    "unknown",
    "failed",
    "memory",
]

DRIFT_LIMIT = 0.05
# A fall of clocks by 15 % is what harnesses on phones call throttled.
THROTTLE_LIMIT = 0.15
SPREAD_LIMIT = 0.10
# The same of a normal distribution's p5 and p95, for a program that tells these alone.
REPORTED_SPREAD_LIMIT = 0.25


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A label, and the figure that earned it."""

    label: Label
    reason: str


def verdict(session: Session) -> Verdict:
    """The verdict on one session, derived when read."""
    if session.failure is not None:
        return Verdict(label="failed", reason=f"{session.failure.stage}: {session.failure.reason}")
    assert session.run is not None
    if session.plan.loop.mode == "memory":
        return Verdict(label="memory", reason="a memory pass is not timed")
    changes = Changes.of(session)
    if changes.hot_start:
        return Verdict(label="hot start", reason=changes.hot_start)
    if changes.throttled:
        return Verdict(label="throttled", reason=changes.throttled)
    series = session.run.series
    if series.samples_ns is None and series.reported is None:
        return Verdict(label="unknown", reason=series.samples_reason or "no samples")
    if series.samples_ns is not None:
        found = judge(timed_ns(session))
        if found.label != "steady":
            return found
    else:
        found = judge_reported(series.reported or {}, series.samples_reason or "")
        if found.label != "steady":
            return found
    if changes.disturbed:
        return Verdict(label="disturbed", reason=changes.disturbed)
    return found


def judge(samples_ns: Sequence[int]) -> Verdict:
    """By the series alone. throttled: the last fifth is over 15 % slower than the first, and the
    one before it as well; drifting: over 5 % off either way; noisy: the middle half of the samples
    spans over 10 % of the median."""
    if len(samples_ns) < SHORTEST_SERIES:
        return Verdict(label="short", reason=f"{len(samples_ns)} samples, under {SHORTEST_SERIES}")
    samples = np.asarray(samples_ns, dtype=np.float64)
    first, *_, late, last = map(median, _fifths(samples))
    drift = last / first - 1
    if drift > THROTTLE_LIMIT and late / first - 1 > THROTTLE_LIMIT:
        return Verdict(label="throttled", reason=f"the last fifth is {drift:+.1%} off the first")
    if abs(drift) > DRIFT_LIMIT:
        return Verdict(label="drifting", reason=f"the last fifth is {drift:+.1%} off the first")
    low, middle, high = quantiles(np.sort(samples), (0.25, 0.5, 0.75))
    spread = (high - low) / middle
    if spread > SPREAD_LIMIT:
        return Verdict(label="noisy", reason=f"the middle half spans {spread:.1%} of the median")
    return Verdict(label="steady", reason=f"drift {drift:+.1%}, middle half {spread:.1%}")


def _fifths(samples: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """As numpy's array_split, the first ones longer by one, but ten times as fast."""
    each, more = divmod(len(samples), 5)
    ends = [each * part + min(part, more) for part in range(6)]
    return [samples[start:end] for start, end in itertools.pairwise(ends)]


def judge_reported(reported: Mapping[str, float], why_no_samples: str) -> Verdict:
    """By the statistics of a program that keeps its samples. noisy: 90 % of them span over 25 % of
    the median. Whether it drifted can not be known."""
    low, high = reported.get("p5_ms"), reported.get("p95_ms")
    if low is not None and high is not None:
        spread = (high - low) / reported["p50_ms"]
        if spread > REPORTED_SPREAD_LIMIT:
            return Verdict(label="noisy", reason=f"p5 to p95 spans {spread:.1%} of the median")
    return Verdict(label="steady", reason=f"by its own program: {why_no_samples}")
