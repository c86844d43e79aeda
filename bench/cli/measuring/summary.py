"""What was measured, as `run` tells it at its end: a dozen files as a table, more in a line."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from bench.protocol import Known
from bench.sessions.record import Plan, Session
from bench.statistics.bursts import Evidence, timed_of, turns_of
from bench.statistics.ratios import Ratio
from bench.statistics.stats import Quantile, across_passes, session_median_ms
from bench.statistics.verdict import verdict
from bench.work_item import Work
from reports.text.listing import listing

MOST_ROWS = 12
TITLES = ("model", "file", "p50 ms [range]", "relative [95 %]", "sessions")


def summary(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> str:
    """Latencies, absolute and relative, how sessions ended, and what was set aside."""
    known = Known.of(sessions, plan)
    if len(work) <= MOST_ROWS:
        lines = [listing(TITLES, [_cells(known, one) for one in work])]
    else:
        lines = _in_short(known, work)
    in_turns = [s for s in known.counted if turns_of(s)]
    if in_turns:
        lines.append(_interruptions(in_turns))
    return "\n".join(lines)


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
    names = ", ".join(f"{one.request.model} {one.request.precision}" for one in missing[:MOST_ROWS])
    return [told, *([f"not measured: {names}"] if missing else [])]


def _cells(known: Known, work: Work) -> list[str]:
    mine = known.of_work(work)
    ends = Counter(verdict(s).label for s in known.tries if s.request == work.request)
    medians = [session_median_ms(s) for s in mine]
    request, ratio = work.request, known.ratio(work)
    latency, relative = "not measured", ""
    if medians:
        by_cpu = any(timed_of(s)[1] == "cpu" for s in mine if turns_of(s))
        latency = quantile_text(across_passes(medians)) + (" of CPU time" if by_cpu else "")
    if work.reference is not None and ratio is not None:
        relative = f"{ratio_text(ratio)} of {work.reference.model}"
    return [
        request.model,
        f"{request.runtime} {request.precision}",
        latency,
        relative,
        ", ".join(f"{count} {label}" for label, count in ends.most_common()),
    ]


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


def quantile_text(found: Quantile) -> str:
    """Value and interval; an interval that the count does not allow is left out."""
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def ratio_text(found: Ratio) -> str:
    """As quantile_text, with the times sign."""
    if found.low is None or found.high is None:
        return f"x{found.value:.3f}"
    return f"x{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
