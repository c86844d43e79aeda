"""What `run` and `compare` share: sessions measured and stored, with progress and a summary."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import click
from tqdm import tqdm

from bench.protocol import Known, Work, measure, unfinished
from bench.ranks import Ratio, paired_ratio
from bench.record import Plan, Session
from bench.stats import Quantile, across_sessions, session_median_ms
from bench.store import write_session
from bench.verdict import verdict
from devices.base import Device
from zoo.files import Home

INTERRUPTED = 130


def take(
    home: Home, device: Device, work: Sequence[Work], plan: Plan, stored: Sequence[Session] = ()
) -> list[Session]:
    """Measure, storing each session as it ends; returns the new ones. Ctrl-C ends it with what
    is stored, and says how to go on."""
    taken: list[Session] = []
    total = len(work) * (plan.sessions + 1)
    with tqdm(total=total, unit="session", disable=None) as bar:
        try:
            for session in measure(device, work, plan, stored):
                if taken and session.round != taken[-1].round:
                    _tell_round([*stored, *taken], work, plan)
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


def summary(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> str:
    """A line an artifact: its latency, absolute and relative, and how its sessions ended."""
    known = Known.of(sessions, plan)
    return "\n".join(_line(known, one) for one in work)


def _line(known: Known, work: Work) -> str:
    mine = [s for s in known.steady if s.request == work.request]
    ends = Counter(verdict(s).label for s in known.tries if s.request == work.request)
    medians = [session_median_ms(s) for s in mine]
    logs = [known.logs[s.id] for s in mine if s.id in known.logs]
    request = work.request
    parts = [f"{request.model:22} {request.runtime:11} {request.precision}"]
    parts.append(f"p50 {quantile_text(across_sessions(medians))} ms" if medians else "not measured")
    if work.reference is not None and logs:
        parts.append(f"{ratio_text(paired_ratio(logs))} of {work.reference.model}")
    parts.append(", ".join(f"{count} {label}" for label, count in ends.most_common()))
    return "  ".join(parts)


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


def _tell_round(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> None:
    number = sessions[-1].round
    if number == 0:
        _tell(f"memory read; now rounds until all are known to {plan.target:.2%}")
        return
    left = unfinished(work, Known.of(sessions, plan), plan)
    _tell(f"round {number}: {len(work) - len(left)} of {len(work)} known well enough")


def _tell(line: str) -> None:
    # Standard output is for the result.
    tqdm.write(line, file=sys.stderr)


def _end(session: Session) -> str:
    found = verdict(session)
    return f"{found.label}: {found.reason}"
