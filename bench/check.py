"""Says what is weak about sessions, each with its remedy, as pyperf's check does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.sessions.record import Session
from bench.statistics.bursts import Evidence, turns_of
from bench.statistics.changes import STALL_LIMIT, STEAL_LIMIT, Changes, number
from bench.statistics.stats import FEWEST_PASSES, medians_ms, order_ranks, timed_ns
from bench.statistics.verdict import verdict
from bench.work.again import run_command
from bench.work.item import DENORMAL_WEIGHTS
from bench.work.typed_inputs import typed
from devices.records import INFINITE_VALUES

# Under the home.
INPUTS = Path("inputs")
SPIKE = 2.0
# From this share of interrupted samples on, something else wants the cores.
INTERRUPTED_LIMIT = 0.05
SPIKES_LIMIT = 0.01
DRIFT_OF_RUN = 0.05
RUN = "bench run"
RESUME = f"{RUN} --resume"
MORE_PASSES = "more passes: --sessions 20; their interval holds what cannot be told apart"
REMEDIES = {
    "drifting": "let the device rest, then measure again; --mode sustained shows the whole curve",
    "throttled": "let it cool; for a figure under heat take --mode sustained",
    "noisy": "more passes narrow the interval; bench doctor says what quiets this machine",
    "starved": "end other programs: bench doctor names the busiest; or more samples: --rounds 40",
    "hot start": "let it cool before the run; --settle SECONDS waits longer",
    # It counts, so that to resume would take no other.
    "disturbed": f"end other programs, then: {RUN}",
    "short": "more samples: --samples 200",
    "unknown": "this device keeps its samples; nothing can be judged",
    "failed": f"the reason says what failed; then: {RESUME}",
}


@dataclass(frozen=True, kw_only=True)
class Weakness:
    """about: a session's id, or how many sessions of the file it is about. file: model, runtime and
    precision."""

    about: str
    file: str
    seen: str
    remedy: str


def check(sessions: Sequence[Session], inputs: Path = INPUTS) -> list[Weakness]:
    """On each session, then on each artifact's sessions together. inputs: where the values of files
    are kept, for the commands that feed them again."""
    alone = [weakness for session in sessions for weakness in check_session(session, inputs)]
    groups: dict[tuple[object, ...], list[Session]] = defaultdict(list)
    for session in sessions:
        if session.timed:
            groups[session.request, session.device, session.plan.loop].append(session)
    return [*alone, *(one for group in groups.values() for one in _of_group(group, inputs))]


def check_session(session: Session, inputs: Path = INPUTS) -> list[Weakness]:
    """What one session leaves to be wished for."""
    found = verdict(session)
    seen = []
    if found.label in REMEDIES:
        mends = session.failure.next if session.failure else None
        seen.append(
            (
                f"{found.label}: {found.reason}",
                mends or _in_full(_remedy(found.label, session), session, inputs),
            )
        )
    if session.timed and found.label != "starved":
        of_series = _of_turns if turns_of(session) else _of_series
        seen += of_series(session)
    if session.timed:
        seen += _of_conditions(session)
    file = _file(session)
    return [
        Weakness(about=session.id, file=file, seen=what, remedy=remedy) for what, remedy in seen
    ]


def unknown_conditions(session: Session) -> list[str]:
    """What could not be read, each with the reason: not known to be bad, nor to be good."""
    readings = session.run.conditions_before if session.run else {}
    return [f"{name}: {reading.reason}" for name, reading in readings.items() if reading.reason]


def _remedy(label: str, session: Session) -> str:
    if label == "short" and turns_of(session):
        return f"more turns: --rounds 48; a pass that was cut off: {RESUME}"
    return REMEDIES[label]


def _of_turns(session: Session) -> list[tuple[str, str]]:
    """Who took the cores, and how much was set aside for it."""
    found, others = Evidence.of(session), Changes.of(session).others_cores
    if found.interrupted is None:
        return [("nothing tells here which samples were interrupted", MORE_PASSES)]
    if found.interrupted < INTERRUPTED_LIMIT:
        return []
    took = f"; other programs took {others:.1f} cores" if others is not None else ""
    seen = f"{found.interrupted:.0%} of the samples were interrupted and set aside{took}"
    return [(seen, "bench doctor names the busiest programs; ending them saves passes")]


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
    denormal = number(before, DENORMAL_WEIGHTS)
    if denormal:
        seen.append(
            (
                f"{denormal:.0f} weights are denormal: some runtimes take many times as long",
                "set what is smaller than 1e-30 to zero where the file is made",
            )
        )
    infinite = number(before, INFINITE_VALUES)
    if infinite:
        seen.append(
            (
                f"{infinite:.0f} values of its outputs are infinite",
                "right for logarithms of probabilities; else: bench show, for what it was fed",
            )
        )
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


def _of_group(sessions: Sequence[Session], inputs: Path) -> list[Weakness]:
    """What the sessions of one artifact leave to be wished for together."""
    first = sessions[0]
    about = f"{len(sessions)} session{'s' if len(sessions) > 1 else ''}"
    counted = [s for s in sessions if verdict(s).counts]
    if len(counted) < FEWEST_PASSES:
        seen = f"{len(counted)} sessions that count give no interval"
        remedy = _in_full(f"{RESUME} --sessions 6", first, inputs)
        return [Weakness(about=about, file=_file(first), seen=seen, remedy=remedy)]
    medians = medians_ms(counted)
    drift = max(medians) / min(medians) - 1
    if drift <= DRIFT_OF_RUN:
        return []
    seen = f"session medians differ by {drift:.0%}: the device's speed moved"
    remedy = "trust the figures relative to the reference, or bench compare"
    return [Weakness(about=about, file=_file(first), seen=seen, remedy=remedy)]


def _in_full(remedy: str, session: Session, inputs: Path) -> str:
    """With all that the command needs, what a file of one's own is fed among it."""
    request, loop = session.request, session.plan.loop
    what = "FILE" if request.origin == "file" else f"--model {typed(request.model)}"
    again = run_command(request, session.device, loop, what, inputs)
    return remedy.replace(RUN, again)


def _file(session: Session) -> str:
    request = session.request
    return f"{request.model} {request.runtime} {request.precision}"
