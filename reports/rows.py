"""A row of a report: what may be averaged, one artifact under one set of conditions asked for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.ranks import Ratio, paired_ratio
from bench.stats import Quantile, across_sessions, quantile
from bench.verdict import Verdict
from devices.base import DeviceInfo, RunRequest
from devices.frame import STAGES
from reports.accuracy import Joined
from reports.digest import Digest
from zoo.files import sha256_of_json


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
    def how(self) -> str:
        """What ran it: `litert 2.3.0, 1 thread, fp16`."""
        part = " PARTLY ON THE CPU" if self.partial else ""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.runtime}{part} {self.runtime_version}, {threads}, {self.precision}"

    @property
    def title(self) -> str:
        mark = "EMULATED " if self.device.emulated else ""
        return (
            f"{mark}{self.device.name}\n{self.how}, {self.protocol}\n"
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
    by session in the same rounds; None for that one itself. session_relatives: what it is made of,
    None for a session without. stages_ms: medians of a camera frame's stages. The peak of memory is
    of sessions of its own. digests: the sessions that were used.

    dominated_by: the key of a row on the front that does. near_front: on it, or within the band.
    front_probability: over resampled sessions and images; None where there are too few sessions,
    or the row may not stand on a front.
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
    session_relatives: tuple[float | None, ...]
    samples: int
    load_ms: float
    warm_load_ms: float
    first_inference_ms: float | None
    peak_memory_bytes: int | None
    unknown_conditions: tuple[str, ...]
    joined: Joined
    digests: tuple[Digest, ...]
    on_front: bool = False
    dominated_by: str | None = None
    near_front: bool = False
    front_probability: float | None = None

    @property
    def key(self) -> str:
        """Names the row: of what was asked and where, so that it is the same in every report."""
        asked, device = self.digests[-1].request.model_dump(), self.facet.device.model_dump()
        place = [self.facet.runtime_version, self.facet.protocol, self.digests[-1].fallback]
        return sha256_of_json([asked, device, place])[:10]

    @cached_property
    def logs_by_round(self) -> dict[tuple[str, int], float]:
        """The logarithm of its median in each round, oldest first; of a reference, which has
        several in a round, their mean."""
        logs: dict[tuple[str, int], list[float]] = defaultdict(list)
        for round, median in zip(self.rounds, self.session_medians_ms, strict=True):
            logs[round].append(math.log(median))
        return {round: sum(each) / len(each) for round, each in logs.items()}

    @property
    def of_zoo(self) -> bool:
        """Whether it is a registered variant, and not a file of one's own."""
        return self.digests[-1].request.size is not None

    @property
    def label(self) -> str:
        """Short, for a picture: `0.5/224`."""
        return self.model.partition("unet_")[2].replace("_", "/") or self.model

    @property
    def unsteady(self) -> str | None:
        """What the last session looked like, where none was steady."""
        found = self.digests[-1].verdict
        return None if self.steady else f"{found.label}, {found.reason}"

    @property
    def fit(self) -> bool:
        """Whether it may stand on a front: steady, of known IoU, and not rejected."""
        return self.steady and self.joined.iou is not None and self.joined.rejected is None


def row_of(
    sessions: Sequence[Digest], joined: Joined, logs: Mapping[str, float], peak: int | None
) -> Row:
    """The row of one artifact's sessions, one of them timed at least.

    logs: by session id, of the steady ones beside a reference.
    """
    usable = [s for s in sessions if s.timed]
    steady = [s for s in usable if s.verdict.label == "steady"]
    used = steady or usable
    used_ids = {session.id for session in used}
    medians = [session.median_ms for session in used if session.median_ms is not None]
    firsts = [s.first_inference_ms for s in used if s.first_inference_ms is not None]
    relatives, relative_to = _relatives(used, logs)
    return Row(
        model=used[-1].request.model,
        facet=_facet(used[-1], joined.iou_of),
        artifact_sha256=used[-1].request.artifact_sha256,
        sessions=tuple(session.id for session in used),
        rounds=tuple((session.batch, session.round) for session in used),
        steady=bool(steady),
        left_out=tuple((s.id, s.verdict) for s in sessions if s.id not in used_ids),
        p50_ms=across_sessions(medians),
        p90_ms=_tail([session.p90_ms for session in used]),
        p95_ms=_tail([session.p95_ms for session in used]),
        relative=paired_ratio(list(relatives.values())) if relatives else None,
        relative_to=relative_to,
        stages_ms=_stages(used),
        session_medians_ms=tuple(medians),
        session_relatives=tuple(
            math.exp(relatives[id]) if id in relatives else None for id in (s.id for s in used)
        ),
        samples=sum(session.samples for session in used),
        load_ms=_median([session.load_ms[0] for session in used]),
        warm_load_ms=_median([session.load_ms[-1] for session in used]),
        first_inference_ms=_median(firsts) if len(firsts) == len(used) else None,
        peak_memory_bytes=peak,
        unknown_conditions=_unknown(used),
        joined=joined,
        digests=tuple(used),
    )


def _tail(tails: Sequence[float | None]) -> Quantile | None:
    """Of the sessions' own tail quantiles; None where one has too few samples for it."""
    known = [tail for tail in tails if tail is not None]
    return across_sessions(known) if len(known) == len(tails) else None


def _relatives(
    sessions: Sequence[Digest], logs: Mapping[str, float]
) -> tuple[dict[str, float], str | None]:
    """By session id, to the reference that stood beside most of them; others are not mixed in."""
    found: dict[RunRequest, dict[str, float]] = defaultdict(dict)
    for session in sessions:
        if session.reference is not None and session.id in logs:
            found[session.reference][session.id] = logs[session.id]
    if not found:
        return {}, None
    reference = max(found, key=lambda request: len(found[request]))
    return found[reference], reference.model


def _stages(sessions: Sequence[Digest]) -> tuple[tuple[str, float], ...]:
    """Each stage's median over sessions of its medians within."""
    taken = [session.stages_ms for session in sessions if session.stages_ms]
    if len(taken) < len(sessions):
        return ()
    return tuple(
        (name, _median(each)) for name, each in zip(STAGES, zip(*taken, strict=True), strict=True)
    )


def _facet(session: Digest, iou_of: str | None) -> Facet:
    assert session.runtime_version is not None
    return Facet(
        device=session.device,
        runtime=session.request.runtime,
        runtime_version=session.runtime_version,
        threads=session.request.threads,
        precision=session.request.precision,
        protocol=session.plan.protocol,
        iou_of=iou_of,
        partial=session.fallback is not None,
    )


def _unknown(sessions: Iterable[Digest]) -> tuple[str, ...]:
    """Conditions that no session could read."""
    known = {name for session in sessions for name in session.known}
    return tuple(sorted({name for s in sessions for name in s.unknown} - known))


def _median(values: Sequence[float]) -> float:
    return quantile(values, 0.5).value
