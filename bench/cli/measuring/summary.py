"""What was measured, as `run` tells it at its end: a dozen files as a table, more in a line."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection, Sequence

from bench.protocol import Known, unfinished
from bench.sessions.record import Plan, Session
from bench.statistics.bursts import OF_CPU_TIME, Evidence, by_cpu, turns_of
from bench.statistics.stats import across_passes, medians_ms
from bench.statistics.verdict import verdict
from bench.work.item import Work
from devices.records import RunRequest
from reports.text.listing import Column, listing

MOST_ROWS = 12


def summary(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> str:
    """Latencies, absolute and relative, how sessions ended, and what was set aside."""
    known = Known.of(sessions, plan)
    few = len(work) <= MOST_ROWS
    lines = [listing(_columns(known, work), work)] if few else _in_short(known, work)
    in_turns = [s for s in known.counted if turns_of(s)]
    if any(not verdict(s).counts for s in known.tries if s.timed):
        lines.append("sessions that are not steady: bench check last says why")
    if in_turns:
        lines.append(_interruptions(in_turns))
    return "\n".join(lines)


def nothing_new(stored: Sequence[Session], work: Sequence[Work], plan: Plan) -> str:
    """Why a run that goes on from stored sessions took none."""
    missing = unfinished(work, Known.of(stored, plan), plan)
    if not missing:
        return "every session is there already"
    return (
        f"the stored passes have used up the {plan.limit_s:g} s of --time-limit; "
        f"{len(missing)} of {len(work)} files are not known to +-{plan.target:.1%}"
    )


def _in_short(known: Known, work: Sequence[Work]) -> list[str]:
    measured = [one for one in work if known.of_work(one)]
    widths = [
        ratio.half_width
        for one in measured
        if (ratio := known.ratio(one)) is not None and ratio.half_width is not None
    ]
    told = f"{len(measured)} of {len(work)} files measured"
    if widths:
        told += f", the middle one to +-{statistics.median(widths):.1%}, all to +-{max(widths):.1%}"
    missing = [one for one in work if one not in measured]
    names = ", ".join(f"{one.name} {one.request.precision}" for one in missing[:MOST_ROWS])
    return [told, *([f"not measured: {names}"] if missing else [])]


def _columns(known: Known, work: Sequence[Work]) -> list[Column]:
    beside = {one.reference for one in work}
    relative = Column(title="relative [95 %]", text=lambda one: _relative(known, one, beside))
    return [
        Column(title="model", text=lambda one: one.name),
        Column(title="file", text=lambda one: f"{one.request.runtime} {one.request.precision}"),
        Column(title="p50 ms [range]", text=lambda one: _latency(known, one)),
        # Where each file stands alone, none is relative to another.
        *([] if beside == {None} else [relative]),
        Column(title="sessions", text=lambda one: _ends(known, one)),
    ]


def _latency(known: Known, work: Work) -> str:
    mine = known.of_work(work)
    medians = medians_ms(mine)
    if not medians:
        return "not measured"
    return across_passes(medians).text + (OF_CPU_TIME if any(map(by_cpu, mine)) else "")


def _relative(known: Known, work: Work, beside: Collection[RunRequest | None]) -> str:
    """Of the reference itself, that it is it."""
    if work.reference is None:
        return "the reference" if work.request in beside else ""
    ratio = known.ratio(work)
    return "" if ratio is None else f"x{ratio.text}"


def _ends(known: Known, work: Work) -> str:
    ends = Counter(verdict(s).label for s in known.tries if s.request == work.request)
    return ", ".join(f"{count} {label}" for label, count in ends.most_common())


def _interruptions(sessions: Sequence[Session]) -> str:
    found = [one for one in map(Evidence.of, sessions) if one.interrupted is not None]
    if not found:
        return "nothing tells here which samples were interrupted; p50 is of here, at this time"
    samples = sum(one.samples for one in found)
    aside = samples - sum(one.uninterrupted for one in found)
    return (
        f"{aside} of {samples} samples ({aside / samples:.1%}) were interrupted by other programs "
        "and set aside.\np50 is of here, at this time; in brackets its range over the passes."
    )
