"""What `run` and `compare` share: sessions measured and stored, with progress."""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from bench.cli.signals import ending_signals, handled
from bench.cli.spread import interrupted
from bench.protocol import Known, measure, unfinished
from bench.sessions.record import Plan, Session
from bench.sessions.store import write_session
from bench.statistics.ratios import Ratio, sessions_needed
from bench.statistics.verdict import verdict
from bench.work.chosen import looked_at
from bench.work.item import Work
from devices.base import Device
from zoo.base.pictures import shown
from zoo.base.progress import Bar, say, span
from zoo.home import Home


def take(
    home: Home,
    device: Device,
    work: Sequence[Work],
    plan: Plan,
    stored: Sequence[Session] = (),
    *,
    resumes: bool = False,
) -> list[Session]:
    """Measure, storing each session as it ends; returns the new ones. Ctrl-C ends it with what
    is stored, and says how to go on. resumes: whether the command can."""
    taken: list[Session] = []
    began = time.monotonic()
    known = Known.of(stored, plan)
    if not unfinished(work, known, plan):
        return taken
    work = looked_at(work)
    names = {one.request: one.name for one in work}
    say(_intent(work, plan))
    length = _length(work, plan, stored, known)
    device.show("Loading the models", 0, round(length))
    with Bar("measuring", length, _unit(plan), lines=False) as bar:
        try:
            for session in measure(device, work, plan, stored):
                if taken and session.round != taken[-1].round:
                    _tell_pass(stored, taken, work, plan, time.monotonic() - began)
                with _whole():
                    write_session(home, session)
                    taken.append(session)
                _advance(bar, plan, time.monotonic() - began)
                device.show("Measuring", round(bar.done), round(bar.total or 0))
                if session.failure is not None:
                    say(f"{names[session.request]} {session.request.runtime}: {_end(session)}")
            if taken:
                _tell_pass(stored, taken, work, plan, time.monotonic() - began, last=True)
        except KeyboardInterrupt:
            interrupted(len(taken), resumes=resumes)
    return taken


@contextmanager
def _whole() -> Iterator[None]:
    """Ctrl-C in the block rises at its end: the sessions of a pass come one after another, and one
    that was measured is to be stored."""
    asked: list[int] = []

    def later(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    with handled((signal.SIGINT, *ending_signals()), later):
        yield
    if asked:
        signal.raise_signal(signal.Signals(asked[0]))


def _intent(work: Sequence[Work], plan: Plan) -> str:
    """What it will do, before it does it."""
    limit = f" or {plan.limit_s:g} s are over" if plan.limit_s else ""
    least, most = plan.sessions, plan.max_sessions
    count = f"{least} passes" if least == most else f"{least} to {most} passes"
    return f"{count} of {len(work)} files, until each is known to +-{plan.target:.1%}{limit}"


def _tell_pass(
    stored: Sequence[Session],
    taken: Sequence[Session],
    work: Sequence[Work],
    plan: Plan,
    elapsed_s: float,
    *,
    last: bool = False,
) -> None:
    number = taken[-1].round
    if number == 0:
        say(f"memory read, {elapsed_s:.0f} s")
        return
    known = Known.of([*stored, *taken], plan)
    ratios = [ratio for one in work if (ratio := known.ratio(one))]
    widths = [ratio.half_width for ratio in ratios if ratio.half_width is not None]
    width = f", the middle one to +-{statistics.median(widths):.1%}" if widths else ""
    missing = unfinished(work, known, plan)
    done = len(work) - len(missing)
    told = f"pass {number}: {done} of {len(work)} known well enough{width}, {elapsed_s:.0f} s"
    say(told if last else told + _left(missing, known, plan, taken, elapsed_s))


def _left(
    missing: Sequence[Work], known: Known, plan: Plan, taken: Sequence[Session], elapsed_s: float
) -> str:
    """How much longer, as far as that is known. taken: by this command, in elapsed_s."""
    a_session_s = elapsed_s / max(1, sum(s.plan.loop == plan.loop for s in taken))
    counts = [(one, len(known.of_work(one))) for one in missing]
    if fewest := sum(max(0, plan.sessions - count) for _, count in counts):
        return f", at least {span(fewest * a_session_s)} left"
    if plan.limit_s:
        return f", at most {span(max(plan.limit_s - elapsed_s, 0))} left"
    more = sum(_more(known.ratio(one), count, plan) for one, count in counts)
    return f", about {span(more * a_session_s)} left"


def _more(ratio: Ratio | None, count: int, plan: Plan) -> int:
    """About how many sessions a file still needs, one at least."""
    wanted = ratio and sessions_needed(ratio, ratio.wanted(plan.target, plan.of_difference))
    return min(max((wanted or plan.max_sessions) - count, 1), plan.max_sessions)


def _length(work: Sequence[Work], plan: Plan, stored: Sequence[Session], known: Known) -> float:
    """Of the bar: seconds where there is a limit of time, else the fewest sessions to come."""
    if plan.limit_s:
        return plan.limit_s
    remembered = {s.request for s in stored if s.plan.loop.mode == "memory"}
    timed = sum(max(0, plan.sessions - len(known.of_work(one))) for one in work)
    return max(1, timed + plan.memory * sum(one.request not in remembered for one in work))


def _unit(plan: Plan) -> str:
    return "s at most" if plan.limit_s else "sessions"


def _advance(bar: Bar, plan: Plan, elapsed_s: float) -> None:
    if plan.limit_s:
        bar.at(min(elapsed_s, plan.limit_s))
    else:
        bar.at(bar.done + 1, max(bar.total or 0, bar.done + 1))


def _end(session: Session) -> str:
    found, failure = verdict(session), session.failure
    lines = [f"{found.label}: {found.reason}"]
    if failure is not None and failure.expected:
        lines.append(f"  expected: {shown(failure.expected)}")
    if failure is not None and failure.next:
        lines.append(f"  next:     {shown(failure.next)}")
    return "\n".join(lines)
