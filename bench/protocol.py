"""Measures artifacts on a device: rounds of sessions, each a fresh process, until enough is known.

The order of a round is shuffled; every second round is the one before in reverse, so that steady
drift falls on all alike. A reference is among every few artifacts of a round: what is relative to
it holds where the device as a whole grew faster or slower.
"""

from __future__ import annotations

import itertools
import random
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.ranks import paired_ratio
from bench.record import Failure, Plan, Session
from bench.relative import relative_logs
from bench.sampling import series_of
from bench.stats import across_sessions, session_median_ms
from bench.verdict import verdict
from devices.base import Device, Loop, RawRun, Reading, RunRequest
from zoo.errors import SessionFailed
from zoo.provenance import commit

# A reference session stands for the device's speed over this many others.
PER_REFERENCE = 4
# An artifact whose sessions fail so often in a row is not tried again.
FAILURES = 3


@dataclass(frozen=True, kw_only=True)
class Work:
    """One artifact to be measured, beside what reference; None for the reference itself."""

    request: RunRequest
    artifact: Path
    reference: RunRequest | None = None


def measure(
    device: Device, work: Sequence[Work], plan: Plan, stored: Sequence[Session] = ()
) -> Iterator[Session]:
    """Sessions as they end, failed ones among them: one that fails does not stop the rest.

    stored: sessions of the same device and loop, to go on from.
    """
    batch, position = secrets.token_hex(6), itertools.count()
    kept = list(stored)
    memory = plan.model_copy(update={"loop": Loop(mode="memory")})
    known = {s.request for s in stored if s.plan.loop.mode == "memory" and s.run is not None}
    for one in work:
        if one.request not in known:
            yield _session(device, one, memory, batch, 0, next(position))
    for number in itertools.count(1):
        order = next_round(work, Known.of(kept, plan), plan, number)
        if not order:
            return
        for one in order:
            session = _session(device, one, plan, batch, number, next(position))
            kept.append(session)
            yield session


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the sessions of one loop say so far. logs: relative to the reference, by session id."""

    tries: Sequence[Session]
    steady: Sequence[Session]
    logs: Mapping[str, float]

    @classmethod
    def of(cls, sessions: Iterable[Session], plan: Plan) -> Known:
        tries = [s for s in sessions if s.plan.loop == plan.loop]
        steady = [s for s in tries if verdict(s).label == "steady"]
        return cls(tries=tries, steady=steady, logs=relative_logs(steady))

    def half_width(self, work: Work) -> float | None:
        """Half the 95 % interval of an artifact's figure, as a share of it; None without one.

        The figure is its latency relative to the reference; its latency where it has none.
        """
        mine = [s for s in self.steady if s.request == work.request]
        if work.reference is None:
            medians = [session_median_ms(s) for s in mine]
            return across_sessions(medians).half_width if medians else None
        logs = [self.logs[s.id] for s in mine if s.id in self.logs]
        return paired_ratio(logs).half_width if logs else None

    def enough(self, work: Work, plan: Plan, *, is_reference: bool) -> bool:
        """Whether the artifact needs no more sessions: as many tries as allowed, nothing but
        failures, or enough steady sessions and a narrow interval. A reference that others stand
        beside needs no narrow interval of its own: theirs are what is asked for."""
        tries = [s for s in self.tries if s.request == work.request]
        if len(tries) >= plan.max_sessions:
            return True
        if len(tries) >= FAILURES and not any(s.timed for s in tries):
            return True
        if sum(s.request == work.request for s in self.steady) < plan.sessions:
            return False
        width = self.half_width(work)
        return is_reference or (width is not None and width <= plan.target)


def unfinished(work: Sequence[Work], known: Known, plan: Plan) -> list[Work]:
    """The artifacts that are not yet known well enough."""
    references = {one.reference for one in work}
    return [
        one for one in work if not known.enough(one, plan, is_reference=one.request in references)
    ]


def next_round(work: Sequence[Work], known: Known, plan: Plan, number: int) -> list[Work]:
    """What round `number` measures, in order: the artifacts not yet known well enough, and their
    references. Empty when all are."""
    wanted = unfinished(work, known, plan)
    groups: dict[RunRequest, list[Work]] = defaultdict(list)
    for one in wanted:
        if one.reference is not None:
            groups[one.reference].append(one)
    references = {one.request: one for one in work}
    # Pairs of rounds share a seed, and the second runs backwards.
    generator = random.Random(f"{plan.seed} {(number - 1) // 2}")
    parts = [_around(references[r], group, generator) for r, group in groups.items()]
    parts += [[one] for one in wanted if one.reference is None and one.request not in groups]
    generator.shuffle(parts)
    order = [one for part in parts for one in part]
    return order if number % 2 else order[::-1]


def _around(reference: Work, group: Sequence[Work], generator: random.Random) -> list[Work]:
    """The group shuffled, with the reference in the middle of every few of it."""
    shuffled = generator.sample(group, len(group))
    order = []
    for start in range(0, len(shuffled), PER_REFERENCE):
        part = shuffled[start : start + PER_REFERENCE]
        middle = (len(part) + generator.randrange(2)) // 2
        order += [*part[:middle], reference, *part[middle:]]
    return order


def _session(
    device: Device, work: Work, plan: Plan, batch: str, number: int, position: int
) -> Session:
    started_at, run, failure = datetime.now(UTC), None, None
    settled = device.settle(plan.settle_s)
    try:
        run = _run(device, work, plan.loop, settled)
    except SessionFailed as error:
        failure = Failure(stage=error.stage, reason=error.reason, code=error.code, log=error.log)
    return Session(
        id=secrets.token_hex(6),
        batch=batch,
        round=number,
        position=position,
        started_at=started_at,
        commit=commit(),
        device=device.info(),
        request=work.request,
        reference=work.reference,
        plan=plan,
        run=run,
        failure=failure,
    )


def _run(device: Device, work: Work, loop: Loop, settled: Reading) -> RawRun:
    """One fresh process from loading to its end. Raises SessionFailed."""
    before = device.conditions()
    with device.open(work.request, work.artifact) as opened:
        series = series_of(opened, loop)
        memory = opened.memory() if loop.mode == "memory" else (None, None)
        return RawRun(
            load_ns=opened.load_ns,
            first_inference_ns=opened.first_inference_ns,
            series=series,
            peak_memory_bytes=memory[0],
            baseline_memory_bytes=memory[1],
            runtime_version=device.runtime_version(work.request.runtime),
            conditions_before=before | {"settled": settled} | dict(opened.readings),
            conditions_during=opened.conditions_during,
            conditions_after=device.conditions(),
            program_sha256=opened.program_sha256,
            fallback=opened.fallback,
        )
