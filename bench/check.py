"""Says what is weak about sessions, each with its remedy, as pyperf's check does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.changes import STALL_LIMIT, STEAL_LIMIT, Changes
from bench.record import Session
from bench.stats import across_sessions, order_ranks, session_median_ms, timed_ns
from bench.verdict import verdict

FEWEST_SESSIONS = 6
SPIKE = 2.0
SPIKES_LIMIT = 0.01
DRIFT_OF_RUN = 0.05
REMEDIES = {
    "drifting": "let the device rest, then measure again; --mode sustained shows the whole curve",
    "throttled": "let it cool; for a figure under heat take --mode sustained",
    "noisy": "end other programs; bench doctor says what quiets this machine",
    "hot start": "let it cool before the run; --settle SECONDS waits longer",
    "disturbed": "end other programs, then: bench run --resume",
    "short": "more samples: --samples 200",
    "unknown": "this device keeps its samples; nothing can be judged",
    "failed": "the reason says what failed; then: bench run --resume",
}


@dataclass(frozen=True, kw_only=True)
class Weakness:
    """about: a session's id, or the artifact whose sessions it is about."""

    about: str
    seen: str
    remedy: str


def check(sessions: Sequence[Session]) -> list[Weakness]:
    """On each session, then on each artifact's sessions together."""
    alone = [weakness for session in sessions for weakness in check_session(session)]
    groups: dict[tuple[object, ...], list[Session]] = defaultdict(list)
    for session in sessions:
        if session.timed:
            groups[session.request, session.device, session.plan.loop].append(session)
    return [*alone, *(one for group in groups.values() for one in _of_group(group))]


def check_session(session: Session) -> list[Weakness]:
    """What one session leaves to be wished for."""
    found = verdict(session)
    seen = []
    if found.label in REMEDIES:
        seen.append((f"{found.label}: {found.reason}", REMEDIES[found.label]))
    if session.timed:
        seen += [*_of_series(session), *_of_conditions(session)]
    return [Weakness(about=session.id, seen=what, remedy=remedy) for what, remedy in seen]


def unknown_conditions(session: Session) -> list[str]:
    """What could not be read, each with the reason: not known to be bad, nor to be good."""
    readings = session.run.conditions_before if session.run else {}
    return [f"{name}: {reading.reason}" for name, reading in readings.items() if reading.reason]


def _of_series(session: Session) -> list[tuple[str, str]]:
    assert session.run is not None
    series, samples = session.run.series, np.asarray(timed_ns(session), dtype=np.float64)
    seen = []
    if series.settled is False:
        seen.append(
            (
                f"warm-up had not settled after {len(series.warmup_ns)} inferences",
                "more of it: --warmup 1000",
            )
        )
    if not len(samples):
        return seen
    if order_ranks(len(samples), 0.9) is None:
        seen.append((f"{len(samples)} samples give no p90", "36 or more: --samples 100"))
    spikes = float(np.mean(samples > SPIKE * np.median(samples)))
    if spikes > SPIKES_LIMIT:
        seen.append(
            (
                f"{spikes:.0%} of the samples took over {SPIKE:g} times the median",
                "end other programs; p90 shows what users will feel",
            )
        )
    return seen


def _of_conditions(session: Session) -> list[tuple[str, str]]:
    assert session.run is not None
    changes, before = Changes.of(session), session.run.conditions_before
    seen = []
    if changes.steal is not None and changes.steal > STEAL_LIMIT:
        seen.append((f"steal time {changes.steal:.0%}", "run on a machine of your own"))
    if changes.memory_stall is not None and changes.memory_stall > STALL_LIMIT:
        seen.append((f"{changes.memory_stall:.0%} of the time waited for memory", "free memory"))
    # A phone has a governor of its own; what of it can be chosen is --fixed-performance.
    wanted = [("power", "mains")]
    if session.device.kind == "host":
        wanted += [("governor", "performance"), ("turbo", "off")]
    for name, good in wanted:
        value = before[name].value if name in before else None
        if value is not None and value != good:
            seen.append((f"{name} is {value}, not {good}", "bench doctor has the command"))
    settled = before["settled"].value if "settled" in before else None
    if settled not in (None, "yes"):
        seen.append((f"the device was not settled: {settled}", "--settle SECONDS waits longer"))
    return seen


def _of_group(sessions: Sequence[Session]) -> list[Weakness]:
    """What the sessions of one artifact leave to be wished for together."""
    first = sessions[0]
    about = f"{first.request.model} {first.request.runtime} ({len(sessions)} sessions)"
    steady = [s for s in sessions if verdict(s).label == "steady"]
    if len(steady) < FEWEST_SESSIONS:
        seen = f"{len(steady)} steady sessions give no interval"
        return [Weakness(about=about, seen=seen, remedy="bench run --resume --sessions 10")]
    medians = [session_median_ms(s) for s in steady]
    drift = max(medians) / min(medians) - 1
    found = []
    if drift > DRIFT_OF_RUN:
        seen = f"session medians differ by {drift:.0%}: the device's speed moved"
        remedy = "trust the figures relative to the reference, or bench compare"
        found.append(Weakness(about=about, seen=seen, remedy=remedy))
    width, target = across_sessions(medians).half_width, first.plan.target
    if first.reference is None and width is not None and width > target:
        seen = f"the interval of p50 is +-{width:.1%}, over the target of {target:.1%}"
        remedy = "more sessions: bench run --resume --max-sessions 60"
        found.append(Weakness(about=about, seen=seen, remedy=remedy))
    return found
