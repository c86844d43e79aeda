"""A row of a report: what may be averaged, one artifact under one set of conditions asked for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.statistics.ratios import Ratio, ratio_over_passes
from bench.statistics.stats import Quantile, across_passes, quantile
from bench.statistics.verdict import Verdict
from devices.base import DeviceInfo, Origin, RunRequest
from devices.frame import STAGES
from reports.gather.digest import Digest
from reports.gather.joined import Joined
from zoo.artifact.iou import Interval
from zoo.base.files import sha256_of_json
from zoo.complexity import Complexity, complexity
from zoo.spec import parse


@dataclass(frozen=True, kw_only=True)
class Facet:
    """What must be equal for two rows to be compared: points of one picture.

    iou_of: the class, images and split of the IoUs; None where there is no IoU. partial: an
    accelerator left some of the model to the CPU. settings: of the runtime for these files.
    """

    device: DeviceInfo
    runtime: str
    runtime_version: str
    threads: int
    precision: str
    protocol: str
    iou_of: str | None
    partial: bool = False
    settings: str | None = None

    @property
    def how(self) -> str:
        """What ran it: `litert 2.3.0, 1 thread, fp16`."""
        part = ""
        if self.partial:
            part = " NOT AS ASKED FOR" if self.device.kind == "browser" else " PARTLY ON THE CPU"
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        settings = f" ({self.settings})" if self.settings else ""
        return f"{self.runtime}{part} {self.runtime_version}{settings}, {threads}, {self.precision}"

    @property
    def title(self) -> str:
        mark = "EMULATED " if self.device.emulated else ""
        # By its name alone an iPhone would be taken for one that runs Core ML.
        engine = f" ({self.device.cpu})" if self.device.kind == "browser" else ""
        return (
            f"{mark}{self.device.name}{engine}\n{self.how}, {self.protocol}\n"
            f"{f'IoU: {self.iou_of}' if self.iou_of else 'IoU not measured'}"
        )

    @property
    def order(self) -> tuple[str, str]:
        return (self.title, self.device.model_dump_json())


@dataclass(frozen=True, kw_only=True)
class Row:
    """One artifact in one facet. Latencies in ms; brackets of a quantile are its range over passes.

    rounds: each session's batch and its pass there. usable: whether any session counts; if none
    does, the figures are of the others, and the row stands outside the front. left_out: sessions
    that were not used, with their verdicts. relative: to the latency of the model relative_to, pass
    by pass; None for that one itself. session_relatives: what it is made of, None for a session
    without. levels_ms: its latency in every pass of its runs, by the reference's speed where it had
    left already, so that all files of a run meet the same moments; p50_ms is of these.
    logs_by_round: by pass, to be subtracted from another row's. interrupted: the share of samples
    that were set aside; None where nothing tells. by_cpu: some median is of CPU time. stages_ms:
    medians of a camera frame's stages. The peak of memory is of sessions of its own. digests: the
    sessions that were used.

    dominated_by: the key of a row on the front that does. near_front: on it, or within the band.
    front_probability: over resampled passes and images; None where there are too few of them, or
    the row may not stand on a front. reference: the model of most IoU in its picture.
    from_reference: the row's IoU minus that one's, over the same images; None where it was counted
    on others.
    """

    model: str
    facet: Facet
    artifact_sha256: str
    sessions: tuple[str, ...]
    rounds: tuple[tuple[str, int], ...]
    usable: bool
    left_out: tuple[tuple[str, Verdict], ...]
    p50_ms: Quantile
    p90_ms: Quantile | None
    p95_ms: Quantile | None
    relative: Ratio | None
    relative_to: str | None
    stages_ms: tuple[tuple[str, float], ...]
    session_medians_ms: tuple[float, ...]
    session_relatives: tuple[float | None, ...]
    levels_ms: Mapping[tuple[str, int], float]
    logs_by_round: Mapping[tuple[str, int], float]
    interrupted: float | None
    by_cpu: bool
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
    reference: str | None = None
    is_reference: bool = False
    from_reference: Interval | None = None

    @property
    def key(self) -> str:
        """Names the row: of what was asked and where, so that it is the same in every report."""
        last = self.digests[-1]
        asked, device = last.request.model_dump(), self.facet.device.model_dump()
        # Of the zoo's own, as before there were any.
        for name in ("inputs", "signature"):
            if not asked[name]:
                del asked[name]
        place = [self.facet.runtime_version, self.facet.protocol, last.fallback, last.settings]
        return sha256_of_json([asked, device, place])[:10]

    @property
    def of_zoo(self) -> bool:
        """Whether it is a registered variant, and not a file of one's own."""
        return self.origin == "zoo"

    @property
    def origin(self) -> Origin:
        return self.digests[-1].request.origin

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a file of one's own was fed, an input each; empty for the zoo's."""
        return tuple(feed.text for feed in self.digests[-1].request.inputs)

    @property
    def complexity(self) -> Complexity | None:
        """On paper; None of a model that is not the zoo's, of which that is not known."""
        return complexity(parse(self.model)) if self.of_zoo else None

    @property
    def complexity_reason(self) -> str | None:
        """Why it is not known."""
        return {"zoo": None, "imported": "an imported file", "file": "a file of one's own"}[
            self.origin
        ]

    @property
    def label(self) -> str:
        """Short, for a picture: `0.5/224`; of a file of one's own its name."""
        return parse(self.model).label if self.of_zoo else self.model

    @property
    def unusable(self) -> str | None:
        """What the last session looked like, where none counts."""
        found = self.digests[-1].verdict
        return None if self.usable else f"{found.label}, {found.reason}"

    @property
    def redrawn(self) -> bool:
        """Whether it has passes and images enough to say how sure its place is."""
        iou = self.joined.iou
        return self.p50_ms.low is not None and iou is not None and iou.low is not None

    @property
    def fit(self) -> bool:
        """Whether it may stand on a front: usable, of known IoU, and not rejected."""
        return self.usable and self.joined.iou is not None and self.joined.rejected is None


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What sessions say beside those of other files. logs: relative to their reference; effects:
    among all files of their pass; both by session id. speeds: the medians of files, by pass. names:
    what tells files of one's own apart."""

    logs: Mapping[str, float]
    effects: Mapping[str, float]
    speeds: Mapping[RunRequest, Mapping[tuple[str, int], float]]
    names: Mapping[RunRequest, str]


def row_of(sessions: Sequence[Digest], joined: Joined, beside: Beside, peak: int | None) -> Row:
    """The row of one artifact's sessions, one of them timed at least."""
    timed = [s for s in sessions if s.timed]
    counted = [s for s in timed if s.verdict.counts]
    used = counted or timed
    used_ids = {session.id for session in used}
    medians = [session.median_ms for session in used if session.median_ms is not None]
    firsts = [s.first_inference_ms for s in used if s.first_inference_ms is not None]
    relatives, reference = _relatives(used, beside.logs)
    relative = ratio_over_passes(list(relatives.values())) if relatives else None
    levels = _levels(used)
    if relative is not None and reference is not None:
        levels = _filled(levels, beside.speeds.get(reference, {}), relative.value)
    interrupted, told = (sum(s.interrupted[i] for s in used) for i in (0, 1))
    return Row(
        model=beside.names[used[-1].request],
        facet=_facet(used[-1], joined.iou_of),
        artifact_sha256=used[-1].request.artifact_sha256,
        sessions=tuple(session.id for session in used),
        rounds=tuple((session.batch, session.round) for session in used),
        usable=bool(counted),
        left_out=tuple((s.id, s.verdict) for s in sessions if s.id not in used_ids),
        p50_ms=across_passes(list(levels.values())),
        p90_ms=_tail([session.p90_ms for session in used]),
        p95_ms=_tail([session.p95_ms for session in used]),
        relative=relative,
        relative_to=None if reference is None else beside.names.get(reference, reference.model),
        stages_ms=_stages(used),
        session_medians_ms=tuple(medians),
        session_relatives=tuple(
            math.exp(relatives[id]) if id in relatives else None for id in (s.id for s in used)
        ),
        levels_ms=levels,
        logs_by_round=_logs_by_round(used, levels, beside.effects),
        interrupted=interrupted / told if told else None,
        by_cpu=any(session.by_cpu for session in used),
        samples=sum(session.samples for session in used),
        load_ms=_median([session.load_ms[0] for session in used]),
        warm_load_ms=_median([session.load_ms[-1] for session in used]),
        first_inference_ms=_median(firsts) if len(firsts) == len(used) else None,
        peak_memory_bytes=peak,
        unknown_conditions=_unknown(used),
        joined=joined,
        digests=tuple(used),
    )


def _levels(sessions: Sequence[Digest]) -> dict[tuple[str, int], float]:
    """The median in each pass, oldest first; of a reference that has several there, their mean by
    the logarithm."""
    logs: dict[tuple[str, int], list[float]] = defaultdict(list)
    for session in sessions:
        if session.median_ms is not None:
            logs[session.batch, session.round].append(math.log(session.median_ms))
    return {at: math.exp(sum(each) / len(each)) for at, each in logs.items()}


def _filled(
    levels: Mapping[tuple[str, int], float],
    speeds: Mapping[tuple[str, int], float],
    relative: float,
) -> dict[tuple[str, int], float]:
    """With the passes of its runs that it was not in, for it was known by then."""
    batches = {batch for batch, _ in levels}
    left = {at: ms * relative for at, ms in speeds.items() if at[0] in batches}
    return left | dict(levels)


def _logs_by_round(
    sessions: Sequence[Digest],
    levels: Mapping[tuple[str, int], float],
    effects: Mapping[str, float],
) -> dict[tuple[str, int], float]:
    """By neighbouring turns where it took turns, else by its median in the pass."""
    in_turns = {(s.batch, s.round): effects[s.id] for s in sessions if s.id in effects}
    return in_turns or {at: math.log(ms) for at, ms in levels.items()}


def _tail(tails: Sequence[float | None]) -> Quantile | None:
    """Of the sessions' own tail quantiles; None where one has too few samples for it."""
    known = [tail for tail in tails if tail is not None]
    return across_passes(known) if known and len(known) == len(tails) else None


def _relatives(
    sessions: Sequence[Digest], logs: Mapping[str, float]
) -> tuple[dict[str, float], RunRequest | None]:
    """By session id, to the reference that stood beside most of them; others are not mixed in."""
    found: dict[RunRequest, dict[str, float]] = defaultdict(dict)
    for session in sessions:
        if session.reference is not None and session.id in logs:
            found[session.reference][session.id] = logs[session.id]
    if not found:
        return {}, None
    reference = max(found, key=lambda request: len(found[request]))
    return found[reference], reference


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
        protocol=session.protocol,
        iou_of=iou_of,
        partial=session.fallback is not None,
        settings=session.settings,
    )


def _unknown(sessions: Iterable[Digest]) -> tuple[str, ...]:
    """Conditions that no session could read."""
    known = {name for session in sessions for name in session.known}
    return tuple(sorted({name for s in sessions for name in s.unknown} - known))


def _median(values: Sequence[float]) -> float:
    return quantile(values, 0.5).value
