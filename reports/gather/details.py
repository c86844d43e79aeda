"""What the page shows of one row when it is opened: a series, its histogram, the sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.sessions.record import Session
from bench.sessions.store import read_session
from bench.statistics.stats import timed_ns
from reports.gather.rows import Row
from zoo.base.errors import RecordError

Float64 = NDArray[np.float64]

# Of all the series in a page so many points in all, of one at least and at most so many.
POINTS_IN_PAGE = 9_000
FEWEST_POINTS, MOST_POINTS = 24, 160
BINS = 20
# Of very many rows fewer sessions are listed, but this many at least.
SESSIONS_IN_PAGE = 1_500
FEWEST_SESSIONS, MOST_SESSIONS = 6, 40


@dataclass(frozen=True, kw_only=True)
class Share:
    """How much of a page one row may take: points of its series, sessions that are listed."""

    points: int
    sessions: int

    @classmethod
    def of(cls, rows: int) -> Share:
        """For each of so many rows."""
        points, sessions = POINTS_IN_PAGE // max(rows, 1), SESSIONS_IN_PAGE // max(rows, 1)
        return cls(
            points=min(MOST_POINTS, max(FEWEST_POINTS, points)),
            sessions=min(MOST_SESSIONS, max(FEWEST_SESSIONS, sessions)),
        )


def details(row: Row, share: Share) -> dict[str, Any]:
    """For JSON: the latest sessions, and the series of the one whose median is the row's own;
    null with the reason where its file has gone since, or its device kept the samples."""
    medians = row.stored.figures["median_ms"][row.used]
    typical = row.stored.digest(row.used[np.argmin(np.abs(medians - row.p50_ms.value))])
    latest = [row.stored.digest(place) for place in row.used[-share.sessions :].tolist()]
    listed = {
        "sessions": [[d.id, f"{d.started_at:%Y-%m-%d %H:%M}", figure(d.median_ms)] for d in latest],
        "sessions_more": len(row.used) - len(latest),
        "session": typical.id,
    }
    try:
        session = read_session(typical.path)
    except RecordError as error:
        return listed | {"series": None, "reason": typical.home.told(error.seen)}
    assert session.run is not None
    return listed | {
        "conditions": _conditions(session),
        **_series(session, share.points),
    }


def _series(session: Session, points: int) -> dict[str, Any]:
    assert session.run is not None
    series, taken = session.run.series, timed_ns(session)
    if series.samples_ns is None and not taken:
        return {"series": None, "reason": series.samples_reason or "all samples were interrupted"}
    samples = np.asarray(series.samples_ns or taken, dtype=np.float64) / 1e6
    warmup = np.asarray(series.warmup_ns, dtype=np.float64) / 1e6
    sustained = session.plan.loop.mode == "sustained"
    together = session.run.inferences_a_sample
    drawn = _curve(samples, together, points) if sustained else _thinned(warmup, samples, points)
    used = np.asarray(timed_ns(session), dtype=np.float64) / 1e6
    counts, edges = np.histogram(used, bins=BINS)
    return {
        **drawn,
        "taken": len(samples),
        "warmup": len(warmup),
        "bins": [figure(float(edges[0])), figure(float(edges[-1])), counts.tolist()],
    }


def _thinned(warmup: Float64, samples: Float64, points: int) -> dict[str, Any]:
    """Every k-th inference, in ms."""
    every = np.concatenate((warmup, samples))
    step = max(1, -(-len(every) // points))
    return {
        "series": [figure(float(ms)) for ms in every[::step]],
        "step": step,
        "unit": "inference",
    }


def _curve(samples: Float64, together: int, points: int) -> dict[str, Any]:
    """The medians, in ms, of parts of equal duration; step is that, in s. together: inferences in
    each sample."""
    seconds = np.cumsum(samples) * together / 1e3
    step = float(seconds[-1]) / points
    parts = np.split(samples, np.searchsorted(seconds, step * np.arange(1, points)))
    medians = [figure(float(np.median(part))) if len(part) else None for part in parts]
    return {"series": medians, "step": figure(step), "unit": "s"}


def _conditions(session: Session) -> list[list[str]]:
    """What it was fed; then name, before, after; of an unknown one the reason."""
    assert session.run is not None
    after = session.run.conditions_after
    found = [["input", text, ""] for text in session.fed]
    for name, reading in session.run.conditions_before.items():
        if reading.value is None:
            found.append([name, f"unknown: {reading.reason}", ""])
        else:
            later = after.get(name)
            shown = "" if later is None or later.value is None else str(later.value)
            found.append([name, str(reading.value), shown])
    return found


def figure(value: float | None) -> Any:
    """Four digits, enough for the eye; the tables beside the page hold all of them."""
    return None if value is None else float(f"{value:.4g}")
