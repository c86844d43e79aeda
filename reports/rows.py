"""A row of a report: what may be averaged, one artifact under one set of conditions asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.ranks import Ratio, paired_ratio
from bench.record import Session
from bench.stats import Quantile, across_sessions, quantile, session_median_ms, timed_ns
from bench.verdict import Verdict
from devices.base import DeviceInfo, RunRequest
from devices.frame import STAGES
from reports.accuracy import Joined, join
from zoo.files import Home


@dataclass(frozen=True, kw_only=True)
class Facet:
    """What must be equal for two rows to be compared: points of one picture.

    iou_of: the class, images and split of the IoUs; None where there is no IoU. partial: an
    accelerator left some of the model to the CPU.
    """

    device: DeviceInfo
    runtime: str
    runtime_version: str
    threads: int
    precision: str
    protocol: str
    iou_of: str | None
    partial: bool = False

    @property
    def title(self) -> str:
        part = " PARTLY ON THE CPU" if self.partial else ""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        mark = "EMULATED " if self.device.emulated else ""
        return (
            f"{mark}{self.device.name}\n{self.runtime}{part} {self.runtime_version}, {threads}, "
            f"{self.precision}, {self.protocol}\n"
            f"{f'IoU: {self.iou_of}' if self.iou_of else 'IoU not measured'}"
        )

    @property
    def order(self) -> tuple[str, str]:
        return (self.title, self.device.model_dump_json())


@dataclass(frozen=True, kw_only=True)
class Row:
    """One artifact in one facet. Latencies in ms; a quantile's interval is over sessions.

    rounds: each session's batch and its round there. steady: whether any session was; if none was,
    the figures are of the others, and the row stands outside the front. left_out: sessions that
    were not used, with their verdicts. relative: to the latency of the model relative_to, session
    by session in the same rounds; None for that one itself. stages_ms: medians of a camera frame's
    stages. The peak of memory is of sessions of its own.
    """

    model: str
    facet: Facet
    artifact_sha256: str
    sessions: tuple[str, ...]
    rounds: tuple[tuple[str, int], ...]
    steady: bool
    left_out: tuple[tuple[str, Verdict], ...]
    p50_ms: Quantile
    p90_ms: Quantile | None
    p95_ms: Quantile | None
    relative: Ratio | None
    relative_to: str | None
    stages_ms: tuple[tuple[str, float], ...]
    session_medians_ms: tuple[float, ...]
    samples: int
    load_ms: float
    warm_load_ms: float
    first_inference_ms: float | None
    peak_memory_bytes: int | None
    unknown_conditions: tuple[str, ...]
    joined: Joined
    on_front: bool = False


def row_of(
    home: Home,
    sessions: Sequence[Session],
    verdicts: Mapping[str, Verdict],
    logs: Mapping[str, float],
    peak: int | None,
) -> Row:
    """The row of one artifact's sessions, one of them timed at least.

    verdicts, logs: by session id, of all the sessions and of the steady ones beside a reference.
    """
    usable = [s for s in sessions if s.timed]
    steady = [s for s in usable if verdicts[s.id].label == "steady"]
    used = steady or usable
    used_ids = {session.id for session in used}
    last = used[-1]
    runs = [session.run for session in used if session.run is not None]
    series = [[ns / 1e6 for ns in timed_ns(session)] for session in used]
    medians = [session_median_ms(session) for session in used]
    firsts = [run.first_inference_ns / 1e6 for run in runs if run.first_inference_ns is not None]
    joined = join(home, last.request)
    relative, relative_to = _relative(used, logs)
    return Row(
        model=last.request.model,
        facet=_facet(last, joined.iou_of),
        artifact_sha256=last.request.artifact_sha256,
        sessions=tuple(session.id for session in used),
        rounds=tuple((session.batch, session.round) for session in used),
        steady=bool(steady),
        left_out=tuple((s.id, verdicts[s.id]) for s in sessions if s.id not in used_ids),
        p50_ms=across_sessions(medians),
        p90_ms=_tail(series, 0.9),
        p95_ms=_tail(series, 0.95),
        relative=relative,
        relative_to=relative_to,
        stages_ms=_stages(used),
        session_medians_ms=tuple(medians),
        samples=sum(len(values) for values in series),
        load_ms=_median([run.load_ns[0] / 1e6 for run in runs]),
        warm_load_ms=_median([run.load_ns[-1] / 1e6 for run in runs]),
        first_inference_ms=_median(firsts) if len(firsts) == len(runs) else None,
        peak_memory_bytes=peak,
        unknown_conditions=_unknown(used),
        joined=joined,
    )


def _tail(series: Sequence[Sequence[float]], share: float) -> Quantile | None:
    """Of the sessions' own tail quantiles; None where one has too few samples for it."""
    tails = [quantile(values, share) for values in series if values]
    if len(tails) < len(series) or any(tail.low is None for tail in tails):
        return None
    return across_sessions([tail.value for tail in tails])


def _relative(
    sessions: Sequence[Session], logs: Mapping[str, float]
) -> tuple[Ratio | None, str | None]:
    """To the reference that stood beside most of the sessions; others are not mixed in."""
    found: dict[RunRequest, list[float]] = defaultdict(list)
    for session in sessions:
        if session.reference is not None and session.id in logs:
            found[session.reference].append(logs[session.id])
    if not found:
        return None, None
    reference = max(found, key=lambda request: len(found[request]))
    return paired_ratio(found[reference]), reference.model


def _stages(sessions: Sequence[Session]) -> tuple[tuple[str, float], ...]:
    """Each stage's median over sessions of its medians within."""
    taken = [s.run.series.stages_ns for s in sessions if s.run and s.run.series.stages_ns]
    if len(taken) < len(sessions):
        return ()
    return tuple(
        (name, _median([_median([ns / 1e6 for ns in stages[name]]) for stages in taken]))
        for name in STAGES
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
        partial=session.run.fallback is not None,
    )


def _unknown(sessions: Iterable[Session]) -> tuple[str, ...]:
    """Conditions that no session could read."""
    readings = [s.run.conditions_before for s in sessions if s.run is not None]
    names = sorted({name for reading in readings for name in reading})
    return tuple(
        name for name in names if all(name not in r or r[name].value is None for r in readings)
    )


def _median(values: Sequence[float]) -> float:
    return quantile(values, 0.5).value
