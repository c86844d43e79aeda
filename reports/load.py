"""Joins sessions with the artifacts they timed and the checkpoints those came from, by hash.

A row is what may be averaged: one artifact under one set of conditions that were asked for. What
can not be joined is an orphan, shown with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bench.record import Session
from bench.stats import Quantile, across_sessions, quantile
from bench.store import read_all
from bench.verdict import Verdict, verdict
from devices.base import DeviceInfo
from reports.accuracy import Joined, join
from reports.pareto import front
from zoo.errors import RecordError
from zoo.files import Home


@dataclass(frozen=True, kw_only=True)
class Facet:
    """What must be equal for two rows to be compared: points of one picture.

    iou_of: the class, images and split of the IoUs; None where there is no IoU.
    """

    device: DeviceInfo
    runtime: str
    runtime_version: str
    threads: int
    precision: str
    protocol: str
    iou_of: str | None

    @property
    def title(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        mark = "EMULATED " if self.device.emulated else ""
        return (
            f"{mark}{self.device.name}\n{self.runtime} {self.runtime_version}, {threads}, "
            f"{self.precision}, {self.protocol}\n"
            f"{f'IoU: {self.iou_of}' if self.iou_of else 'IoU not measured'}"
        )

    @property
    def order(self) -> tuple[str, str]:
        return (self.title, self.device.model_dump_json())


@dataclass(frozen=True, kw_only=True)
class Row:
    """One artifact in one facet. Latencies in ms; a quantile's interval is over sessions.

    steady: whether any session was; if none was, the figures are of the others, and the row
    stands outside the front. left_out: sessions that were not used, with their verdicts.
    """

    model: str
    facet: Facet
    artifact_sha256: str
    sessions: tuple[str, ...]
    steady: bool
    left_out: tuple[tuple[str, Verdict], ...]
    p50_ms: Quantile
    p90_ms: Quantile | None
    session_medians_ms: tuple[float, ...]
    samples: int
    load_ms: float
    warm_load_ms: float
    first_inference_ms: float | None
    peak_memory_bytes: int | None
    unknown_conditions: tuple[str, ...]
    joined: Joined
    on_front: bool = False


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
    for session in stored.sessions:
        groups[_key(session)].append(session)
    rows, failed = [], []
    for sessions in groups.values():
        usable = [s for s in sessions if s.run is not None and s.run.samples_ns]
        if usable:
            rows.append(_row(home, sessions, usable))
        else:
            failed.append(_failed(sessions))
    ordered = sorted(_marked(rows), key=lambda row: (row.facet.order, row.p50_ms.value))
    return Report(rows=tuple(ordered), failed=tuple(failed), problems=stored.problems)


def _key(session: Session) -> tuple[object, ...]:
    """What may be pooled: the same file, device, runtime and way of measuring."""
    version = session.run.runtime_version if session.run else None
    return (session.request, session.device, version, session.plan.protocol)


def _row(home: Home, sessions: Sequence[Session], usable: Sequence[Session]) -> Row:
    verdicts = {session.id: verdict(session) for session in sessions}
    steady = [session for session in usable if verdicts[session.id].label == "steady"]
    used = steady or list(usable)
    used_ids = {session.id for session in used}
    last = used[-1]
    runs = [session.run for session in used if session.run is not None]
    series = [[ns / 1e6 for ns in run.samples_ns or ()] for run in runs]
    p50s = [quantile(values, 0.5).value for values in series]
    p90s = [quantile(values, 0.9) for values in series]
    firsts = [run.first_inference_ns / 1e6 for run in runs if run.first_inference_ns is not None]
    peaks = [run.peak_memory_bytes for run in runs if run.peak_memory_bytes is not None]
    joined = join(home, last.request)
    return Row(
        model=last.request.model,
        facet=_facet(last, joined.iou_of),
        artifact_sha256=last.request.artifact_sha256,
        sessions=tuple(session.id for session in used),
        steady=bool(steady),
        left_out=tuple((id, v) for id, v in verdicts.items() if id not in used_ids),
        p50_ms=across_sessions(p50s),
        p90_ms=(
            across_sessions([q.value for q in p90s])
            if all(q.low is not None for q in p90s)
            else None
        ),
        session_medians_ms=tuple(p50s),
        samples=sum(len(values) for values in series),
        load_ms=_median([run.load_ns[0] / 1e6 for run in runs]),
        warm_load_ms=_median([run.load_ns[-1] / 1e6 for run in runs]),
        first_inference_ms=_median(firsts) if len(firsts) == len(runs) else None,
        peak_memory_bytes=max(peaks) if len(peaks) == len(runs) else None,
        unknown_conditions=_unknown(used),
        joined=joined,
    )


def _facet(session: Session, iou_of: str | None) -> Facet:
    assert session.run is not None
    return Facet(
        device=session.device,
        runtime=session.request.runtime,
        runtime_version=session.run.runtime_version,
        threads=session.request.threads,
        precision=session.request.precision,
        protocol=session.plan.protocol,
        iou_of=iou_of,
    )


def _unknown(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Conditions that no session could read."""
    readings = [s.run.conditions_before for s in sessions if s.run is not None]
    names = sorted({name for reading in readings for name in reading})
    return tuple(
        name for name in names if all(name not in r or r[name].value is None for r in readings)
    )


def _marked(rows: Sequence[Row]) -> list[Row]:
    """The rows, those on the front of their facet marked."""
    marked = list(rows)
    for facet in {row.facet for row in rows}:
        places = [
            i
            for i, row in enumerate(rows)
            if row.facet == facet and row.steady and row.joined.iou is not None
        ]
        latencies = [rows[i].p50_ms.value for i in places]
        ious = [iou.value for i in places if (iou := rows[i].joined.iou) is not None]
        for place, on_front in zip(places, front(latencies, ious), strict=True):
            marked[place] = replace(rows[place], on_front=bool(on_front))
    return marked


def _failed(sessions: Sequence[Session]) -> Failed:
    last = sessions[-1]
    return Failed(
        model=last.request.model,
        runtime=last.request.runtime,
        reason=verdict(last).reason,
        sessions=tuple(session.id for session in sessions),
    )


def _median(values: Sequence[float]) -> float:
    return quantile(values, 0.5).value
