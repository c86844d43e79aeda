"""What `run` and `compare` share: sessions measured and stored, with progress and a summary."""

from __future__ import annotations

import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
from tqdm import tqdm

from bench.protocol import Known, measure, unfinished
from bench.sessions.record import Plan, Session
from bench.sessions.store import write_session
from bench.statistics.bursts import Evidence, timed_of, turns_of
from bench.statistics.ratios import Ratio
from bench.statistics.stats import Quantile, across_passes, session_median_ms
from bench.statistics.verdict import verdict
from bench.work import looked_at
from bench.work_item import Work
from devices.base import Device
from zoo.home import Home

INTERRUPTED = 130


def take(
    home: Home, device: Device, work: Sequence[Work], plan: Plan, stored: Sequence[Session] = ()
) -> list[Session]:
    """Measure, storing each session as it ends; returns the new ones. Ctrl-C ends it with what
    is stored, and says how to go on."""
    taken: list[Session] = []
    began = time.monotonic()
    if unfinished(work, Known.of(stored, plan), plan):
        work = looked_at(work)
    _tell(_intent(work, plan))
    with tqdm(total=len(work) * (plan.sessions + plan.memory), unit="session", disable=None) as bar:
        try:
            for session in measure(device, work, plan, stored):
                if taken and session.round != taken[-1].round:
                    _tell_pass([*stored, *taken], work, plan, time.monotonic() - began)
                with _whole():
                    write_session(home, session)
                    taken.append(session)
                bar.total = max(bar.total or 0, bar.n + 1)
                bar.update()
                if session.failure is not None:
                    _tell(f"{session.request.model} {session.request.runtime}: {_end(session)}")
        except KeyboardInterrupt:
            bar.close()
            click.echo(
                f"interrupted: {len(taken)} sessions are stored; the same command with --resume "
                "goes on from there",
                err=True,
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
    return taken


@contextmanager
def _whole() -> Iterator[None]:
    """Ctrl-C in the block rises at its end: the sessions of a pass come one after another, and one
    that was measured is to be stored."""
    asked: list[int] = []

    def later(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = {which: signal.signal(which, later) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
    if asked:
        signal.raise_signal(signal.Signals(asked[0]))


def summary(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> str:
    """A line an artifact: its latency, absolute and relative, and how its sessions ended."""
    known = Known.of(sessions, plan)
    lines = [_line(known, one) for one in work]
    in_turns = [s for s in known.counted if turns_of(s)]
    if in_turns:
        lines.append(_interruptions(in_turns))
    return "\n".join(lines)


def _line(known: Known, work: Work) -> str:
    mine = known.of_work(work)
    ends = Counter(verdict(s).label for s in known.tries if s.request == work.request)
    medians = [session_median_ms(s) for s in mine]
    request, ratio = work.request, known.ratio(work)
    parts = [f"{request.model:22} {request.runtime:11} {request.precision}"]
    if medians:
        by_cpu = any(timed_of(s)[1] == "cpu" for s in mine if turns_of(s))
        clock = " of CPU time" if by_cpu else ""
        parts.append(f"p50 {quantile_text(across_passes(medians))} ms{clock}")
    else:
        parts.append("not measured")
    if work.reference is not None and ratio is not None:
        parts.append(f"{ratio_text(ratio)} of {work.reference.model}")
    parts.append(", ".join(f"{count} {label}" for label, count in ends.most_common()))
    return "  ".join(parts)


def _interruptions(sessions: Sequence[Session]) -> str:
    found = [one for one in map(Evidence.of, sessions) if one.interrupted is not None]
    if not found:
        return (
            "nothing tells here which samples were interrupted; p50 is of here, at this time: its "
            "range over the passes is in brackets"
        )
    samples = sum(one.samples for one in found)
    aside = samples - sum(one.uninterrupted for one in found)
    return (
        f"{aside / samples:.1%} of {samples} samples were interrupted and set aside; "
        "p50 is of here, at this time: its range over the passes is in brackets"
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


def _intent(work: Sequence[Work], plan: Plan) -> str:
    """What it will do, before it does it."""
    limit = f" or {plan.limit_s:g} s are over" if plan.limit_s else ""
    least, most = plan.sessions, plan.max_sessions
    count = f"{least} passes" if least == most else f"{least} to {most} passes"
    return f"{count} of {len(work)} files, until each is known to +-{plan.target:.1%}{limit}"


def _tell_pass(
    sessions: Sequence[Session], work: Sequence[Work], plan: Plan, elapsed_s: float
) -> None:
    number = sessions[-1].round
    if number == 0:
        _tell(f"memory read, {elapsed_s:.0f} s")
        return
    known = Known.of(sessions, plan)
    ratios = [ratio for one in work if (ratio := known.ratio(one))]
    widths = [ratio.half_width for ratio in ratios if ratio.half_width is not None]
    width = f", the middle one to +-{statistics.median(widths):.1%}" if widths else ""
    done = len(work) - len(unfinished(work, known, plan))
    _tell(f"pass {number}: {done} of {len(work)} known well enough{width}, {elapsed_s:.0f} s")


def _tell(line: str) -> None:
    # Standard output is for the result.
    tqdm.write(line, file=sys.stderr)


def _end(session: Session) -> str:
    found = verdict(session)
    return f"{found.label}: {found.reason}"
