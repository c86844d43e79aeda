"""One session as text, for a reader."""

from __future__ import annotations

from bench.sessions.record import Failure, Session
from bench.statistics.bursts import Evidence, timed_of, turns_of
from bench.statistics.changes import Changes, number
from bench.statistics.stats import quantile, timed_ns
from bench.statistics.verdict import verdict
from reports.text.readings import reading_lines
from zoo.base.pictures import shown


def session_text(session: Session) -> str:
    """One session for a reader: what, where, how long, under which conditions."""
    request, run, found = session.request, session.run, verdict(session)
    lines = [
        f"session   {session.id} of batch {session.batch}, {session.started_at:%Y-%m-%d %H:%M:%S}",
        f"device    {session.device.name}, {session.device.cores} cores, {session.device.os}",
        *_file_lines(session),
        f"runtime   {request.runtime} {run.runtime_version if run else ''}, "
        f"{request.threads} thread{'s' if request.threads > 1 else ''}",
        f"protocol  {session.protocol}; pass {session.round}",
        f"verdict   {found.label}: {found.reason}",
    ]
    if run is None:
        return "\n".join([*lines, *_failure_lines(session.failure)])
    lines.append(f"load      {', '.join(f'{ns / 1e6:.2f}' for ns in run.load_ns)} ms (cold, warm)")
    if run.first_inference_ns is not None:
        lines.append(f"first     {run.first_inference_ns / 1e6:.3f} ms")
    lines += _series_lines(session)
    if run.peak_memory_bytes is not None:
        lines.append(f"memory    {run.peak_memory_bytes / 1e6:.0f} MB at the peak of the process")
    if run.fallback is not None:
        lines.append(f"fallback  {run.fallback}")
    if run.settings is not None:
        lines.append(f"settings  {run.settings}")
    others = Changes.of(session).others_cores
    if others is not None:
        lines.append(f"others    other programs took {others:.1f} cores meanwhile")
    if run.conditions_during:
        lines.append(f"watched   {len(run.conditions_during)} times, {_hottest(session)}")
    lines.append("conditions, before and after")
    return "\n".join([*lines, *reading_lines(run.conditions_before, run.conditions_after)])


def _file_lines(session: Session) -> list[str]:
    """What was measured, and what it was fed."""
    request, own = session.request, session.own
    kind = f"{request.format} {request.precision}, sha256 {request.artifact_sha256[:12]}"
    lines = [f"file      {request.model} {kind}"]
    if own is not None:
        lines.append(f"from      {own.path}, {own.size_bytes / 1e6:.2f} MB")
    if request.signature:
        lines.append(f"signature {shown(request.signature)}")
    return lines + [f"input     {text}" for text in session.fed]


def _failure_lines(failure: Failure | None) -> list[str]:
    if failure is None:
        return []
    lines = [f"expected  {shown(failure.expected)}"] if failure.expected else []
    lines += [f"next      {shown(failure.next)}"] if failure.next else []
    return [*lines, *(["log"] if failure.log else []), *_indented(failure.log or "")]


def _indented(text: str) -> list[str]:
    return [f"  {shown(line)}" for line in text.splitlines() if line.strip()]


def _hottest(session: Session) -> str:
    assert session.run is not None
    readings = [number(one, "temperature_c") for one in session.run.conditions_during]
    known = [value for value in readings if value is not None]
    return f"{max(known):g} C at most" if known else "temperature unknown"


def _series_lines(session: Session) -> list[str]:
    assert session.run is not None
    series = session.run.series
    settled = {True: "settled", False: "not settled", None: "not judged"}[series.settled]
    lines = [f"warm-up   {len(series.warmup_ns)} inferences, {settled}"]
    samples = timed_ns(session)
    if series.samples_ns is not None:
        lines.append(f"samples   {len(series.samples_ns)}, ended by {series.stopped_by}")
        lines += [_quantile_line(session, samples, share) for share in (0.5, 0.9, 0.95)]
    if series.bursts is not None:
        lines = _turn_lines(session)
    for name, value in (series.reported or {}).items():
        lines.append(f"reported  {name} {value:g}")
    for name, parts in (series.stages_ns or {}).items():
        lines.append(f"  {name:10} {quantile(parts, 0.5).value / 1e6:.3f} ms (median)")
    return lines


def _turn_lines(session: Session) -> list[str]:
    bursts, found = turns_of(session), Evidence.of(session)
    samples, clock = timed_of(session)
    shared = session.run.shared_by if session.run else None
    process = f"a process shared by {shared} files" if shared else "a process of its own"
    apart = sum(burst.discarded for burst in bursts)
    aside = found.samples - found.uninterrupted
    told = "nothing tells which were interrupted" if found.interrupted is None else ""
    lines = [
        f"turns     {len(bursts)} in {process}; {apart} inferences set apart, "
        f"{found.samples} samples",
        f"aside     {told or f'{aside} of them, for they were interrupted'}",
    ]
    if found.steal is not None:
        lines.append(f"steal     {found.steal:.1%} of the turns' time went to other machines")
    if found.pressure is not None:
        lines.append(f"pressure  {found.pressure:.1%} of it something ready to run had to wait")
    if clock == "cpu":
        lines.append("clock     CPU time: too few samples were left alone for the wall clock")
    shares = (0.5, 0.9) if samples else ()
    return lines + [_quantile_line(session, samples, share) for share in shares]


def _quantile_line(session: Session, samples_ns: tuple[int, ...], share: float) -> str:
    together = session.run.inferences_a_sample if session.run else 1
    found = quantile([ns / 1e6 for ns in samples_ns], share)
    name = f"p{share * 100:.0f}"
    if share > 0.5 and together > 1:
        return f"{name}       not given: each sample is the mean of {together} inferences"
    if found.low is None:
        return f"{name}       not given: {len(samples_ns)} samples are too few"
    return (
        f"{name}       {found.value:.3f} ms [{found.low:.3f}, {found.high:.3f}] within this "
        f"session, {len(samples_ns)} samples"
    )
