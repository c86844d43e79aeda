"""Joins sessions with the artifacts they timed and the checkpoints those came from, by hash.

What can not be joined is an orphan, shown with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.record import Session
from bench.relative import relative_logs
from bench.store import read_all
from bench.verdict import Verdict, verdict
from reports.pareto import front
from reports.rows import Facet, Row, row_of
from zoo.errors import RecordError
from zoo.files import Home


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Sessions of one artifact that gave nothing to show."""

    model: str
    runtime: str
    reason: str
    sessions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """rows by facet, latency within it; orphans are rows too, without IoU and off every front."""

    rows: tuple[Row, ...]
    failed: tuple[Failed, ...]
    problems: tuple[RecordError, ...]

    @property
    def facets(self) -> list[Facet]:
        return sorted({row.facet for row in self.rows}, key=lambda facet: facet.order)

    def of(self, facet: Facet) -> list[Row]:
        return [row for row in self.rows if row.facet == facet]


def load(home: Home) -> Report:
    """The report of every stored session under `home`."""
    stored = read_all(home)
    groups: dict[tuple[object, ...], list[Session]] = defaultdict(list)
    peaks: dict[tuple[object, ...], int] = {}
    verdicts = {session.id: verdict(session) for session in stored.sessions}
    steady = [s for s in stored.sessions if verdicts[s.id].label == "steady"]
    logs = relative_logs(steady)
    for session in stored.sessions:
        if verdicts[session.id].label == "memory" and session.run is not None:
            peaks[_file_key(session)] = session.run.peak_memory_bytes or 0
        else:
            groups[_file_key(session), session.plan.loop].append(session)
    rows, failed = [], []
    for sessions in groups.values():
        if any(s.timed for s in sessions):
            peak = peaks.get(_file_key(sessions[0])) or None
            rows.append(row_of(home, sessions, verdicts, logs, peak))
        else:
            failed.append(_failed(sessions, verdicts))
    ordered = sorted(_marked(rows), key=lambda row: (row.facet.order, row.p50_ms.value))
    return Report(rows=tuple(ordered), failed=tuple(failed), problems=stored.problems)


def _file_key(session: Session) -> tuple[object, ...]:
    """What may be pooled, with the loop: the same file, device, runtime and threads."""
    run = session.run
    return (session.request, session.device, run and (run.runtime_version, run.fallback))


def _marked(rows: Sequence[Row]) -> list[Row]:
    """The rows, those on the front of their facet marked."""
    marked = list(rows)
    for facet in {row.facet for row in rows}:
        places = [
            i
            for i, row in enumerate(rows)
            if row.facet == facet and row.steady and row.joined.iou and not row.joined.rejected
        ]
        latencies = [rows[i].p50_ms.value for i in places]
        ious = [iou.value for i in places if (iou := rows[i].joined.iou) is not None]
        for place, on_front in zip(places, front(latencies, ious), strict=True):
            marked[place] = replace(rows[place], on_front=bool(on_front))
    return marked


def _failed(sessions: Sequence[Session], verdicts: Mapping[str, Verdict]) -> Failed:
    last = sessions[-1]
    return Failed(
        model=last.request.model,
        runtime=last.request.runtime,
        reason=verdicts[last.id].reason,
        sessions=tuple(session.id for session in sessions),
    )
