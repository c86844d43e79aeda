"""What a session's series looks like. Its conditions are another matter, and stored beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.record import Session

Label = Literal["steady", "drifting", "noisy", "short", "unknown", "failed"]

DRIFT_LIMIT = 0.05
SPREAD_LIMIT = 0.10
SHORTEST_SERIES = 20


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A label, and the figure that earned it."""

    label: Label
    reason: str


def verdict(session: Session) -> Verdict:
    """The verdict on one session's samples, derived when read."""
    if session.failure is not None:
        return Verdict(label="failed", reason=f"{session.failure.stage}: {session.failure.reason}")
    assert session.run is not None
    if session.run.samples_ns is None:
        return Verdict(label="unknown", reason=session.run.samples_reason or "no samples")
    return judge(session.run.samples_ns)


def judge(samples_ns: Sequence[int]) -> Verdict:
    """drifting: the last fifth's median is over 5 % off the first fifth's. noisy: the middle half
    of the samples spans over 10 % of the median."""
    if len(samples_ns) < SHORTEST_SERIES:
        return Verdict(label="short", reason=f"{len(samples_ns)} samples, under {SHORTEST_SERIES}")
    series = np.asarray(samples_ns, dtype=np.float64)
    fifth = len(series) // 5
    drift = np.median(series[-fifth:]) / np.median(series[:fifth]) - 1
    if abs(drift) > DRIFT_LIMIT:
        return Verdict(label="drifting", reason=f"the last fifth is {drift:+.1%} off the first")
    low, middle, high = np.quantile(series, [0.25, 0.5, 0.75])
    spread = (high - low) / middle
    if spread > SPREAD_LIMIT:
        return Verdict(label="noisy", reason=f"the middle half spans {spread:.1%} of the median")
    return Verdict(label="steady", reason=f"drift {drift:+.1%}, middle half {spread:.1%}")
