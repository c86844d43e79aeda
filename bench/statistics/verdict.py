"""What is to be known of a session, and whether it counts.

A session counts unless it failed, was cut off, or the device says that it was hot or throttled. A
sustained one is to show what heat does, so that one which throttles counts, and says so.
Whatever else is seen is told beside its figure: an interval over passes carries the noise.
An unknown condition neither hides a session nor vouches for it; `bench check` names it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.sessions.record import Session
from bench.statistics.bursts import FEWEST_SAMPLES, Evidence, log_figure, turns_of
from bench.statistics.changes import Changes
from bench.statistics.stats import SHORTEST_SERIES, median, quantiles, timed_ns

Label = Literal[
    "steady",
    "starved",
    "drifting",
    "noisy",
    "disturbed",
    "under heat",
    "throttled",
    "hot start",
    "short",
    "unknown",
    "failed",
    "memory",
]
# What is seen and told, but leaves nothing out.
COUNTED = ("steady", "starved", "drifting", "noisy", "disturbed", "under heat")

DRIFT_LIMIT = 0.05
SPREAD_LIMIT = 0.10
# The same of a normal distribution's p5 and p95, for a program that tells these alone.
REPORTED_SPREAD_LIMIT = 0.25
# Of a file that takes turns: with fewer rounds its pass says too little.
FEWEST_ROUNDS = 4


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A label, and the figure that earned it."""

    label: Label
    reason: str

    @property
    def counts(self) -> bool:
        """Whether the session's figures are used."""
        return self.label in COUNTED


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
    if changes.throttled and session.plan.loop.mode != "sustained":
        return Verdict(label="throttled", reason=changes.throttled)
    series = session.run.series
    if series.bursts is not None:
        return _by_page(judge_turns(session), changes)
    if series.samples_ns is None and series.reported is None:
        return Verdict(label="unknown", reason=series.samples_reason or "no samples")
    if series.samples_ns is not None:
        found = judge(timed_ns(session))
    else:
        found = judge_reported(series.reported or {}, series.samples_reason or "")
    if changes.throttled and found.label in ("steady", "drifting", "noisy"):
        return Verdict(label="under heat", reason=changes.throttled)
    if found.label == "steady" and changes.disturbed:
        return Verdict(label="disturbed", reason=changes.disturbed)
    return _by_page(found, changes)


def _by_page(found: Verdict, changes: Changes) -> Verdict:
    """As found, but where the page of a browser was hidden or its phone saved power, which is what
    the series then shows."""
    if changes.page and found.label in ("steady", "drifting", "noisy"):
        return Verdict(label="disturbed", reason=changes.page)
    return found


def judge_turns(session: Session) -> Verdict:
    """By what the system told of each sample; where it tells nothing, by whether the turns became
    quicker or slower. short: under 4 rounds, or no sample to time; starved: under 20 samples that
    nothing interrupted."""
    rounds = len(turns_of(session))
    if rounds < FEWEST_ROUNDS:
        return Verdict(label="short", reason=f"cut off after {rounds} rounds of {FEWEST_ROUNDS}")
    found = Evidence.of(session)
    if not found.uninterrupted and not timed_ns(session):
        return Verdict(label="short", reason=f"of {found.samples} samples none was left alone")
    if found.interrupted is None:
        return _judge_drift(session)
    told = f"{found.interrupted:.0%} of {found.samples} samples interrupted"
    if found.starved and found.interrupted > 0:
        few = f"{found.uninterrupted} left alone, {FEWEST_SAMPLES} are needed"
        return Verdict(label="starved", reason=f"{told}; {few}")
    return Verdict(label="steady", reason=told)


def _judge_drift(session: Session) -> Verdict:
    """An engine may have compiled better code meanwhile, or a phone have grown slow with heat."""
    logs = [log_figure(burst, session.request) for burst in turns_of(session)]
    figures = np.exp([log for log in logs if log is not None])
    untold = "nothing tells here what was interrupted"
    if len(figures) < 5:
        return Verdict(label="steady", reason=f"too few turns to see a drift; {untold}")
    first, *_, last = map(median, _fifths(figures))
    drift = last / first - 1
    if abs(drift) > DRIFT_LIMIT:
        return Verdict(label="drifting", reason=f"the last fifth is {drift:+.1%} off the first")
    return Verdict(label="steady", reason=f"drift {drift:+.1%}; {untold}")


def judge(samples_ns: Sequence[int]) -> Verdict:
    """By the series alone. drifting: the last fifth of the samples is over 5 % off the first,
    either way; noisy: their middle half spans over 10 % of the median."""
    if len(samples_ns) < SHORTEST_SERIES:
        return Verdict(label="short", reason=f"{len(samples_ns)} samples, under {SHORTEST_SERIES}")
    samples = np.asarray(samples_ns, dtype=np.float64)
    first, *_, last = map(median, _fifths(samples))
    drift = last / first - 1
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
    the median. Whether it drifted cannot be known."""
    low, high = reported.get("p5_ms"), reported.get("p95_ms")
    if low is not None and high is not None:
        spread = (high - low) / reported["p50_ms"]
        if spread > REPORTED_SPREAD_LIMIT:
            return Verdict(label="noisy", reason=f"p5 to p95 spans {spread:.1%} of the median")
    return Verdict(label="steady", reason=f"by its own program: {why_no_samples}")
