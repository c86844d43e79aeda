"""Measures artifacts on a device: passes of sessions, each a fresh one, until enough is known.

Where a device holds several files, those of a pass take turns (turns.py); else a pass is a session
of each, one after the other (in_a_row.py). Files that are known well enough leave between passes.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.in_a_row import next_order, one_session
from bench.sessions.record import Plan, Session
from bench.statistics.pooling import alike
from bench.statistics.ratios import Ratio, ratio_over_passes
from bench.statistics.relative import relative_logs
from bench.statistics.verdict import verdict
from bench.turns import durations_s, groups, pass_in_turns
from bench.work.item import Work
from devices.base import Device
from devices.records import Loop

# An artifact whose sessions fail so often in a row is not tried again.
FAILURES = 3
# It is looked only so often whether an interval is narrow: each look is a chance to stop by luck.
PASSES_A_LOOK = 2
MEMORY_AT_ONCE = 2


def measure(
    device: Device, work: Sequence[Work], plan: Plan, stored: Sequence[Session] = ()
) -> Iterator[Session]:
    """Sessions as they end, failed ones among them: one that fails does not stop the rest.

    stored: sessions of the same device and loop, to go on from. Ctrl-C in a pass in turns yields
    the whole rounds that are there, then rises on.
    """
    batch, position = secrets.token_hex(6), itertools.count()
    kept, earlier_s = list(stored), durations_s(stored)
    began = time.monotonic() - sum(earlier_s)
    if plan.memory:
        for session in _memory(device, work, plan, batch, position, kept):
            kept.append(session)
            yield session
    numbers, longest_s = itertools.count(1), max(earlier_s, default=0.0)
    while True:
        known, now = Known.of(kept, plan), time.monotonic()
        left = unfinished(work, known, plan)
        if not left or known.out_of_time(plan, work, now - began + longest_s):
            return
        for session in _one_pass(device, work, left, plan, batch, position, kept, numbers):
            kept.append(session)
            yield session
        longest_s = max(longest_s, time.monotonic() - now)


def _one_pass(
    device: Device,
    work: Sequence[Work],
    left: Sequence[Work],
    plan: Plan,
    batch: str,
    position: Iterator[int],
    kept: Sequence[Session],
    numbers: Iterator[int],
) -> Iterator[Session]:
    """A session of each that is left, and of what they stand beside."""
    if plan.loop.turns is None:
        number = next(numbers)
        for one in next_order(work, left, plan, number):
            yield one_session(device, one, plan, batch, number, next(position))
        return
    # Each group has a number of its own, for its files met moments of their own.
    for group in groups(work, left, kept, device):
        yield from pass_in_turns(device, group, plan, batch, next(numbers), position, list(kept))


def _memory(
    device: Device,
    work: Sequence[Work],
    plan: Plan,
    batch: str,
    position: Iterator[int],
    stored: Sequence[Session],
) -> Iterator[Session]:
    """One session each that is not timed; some at once where the device can."""
    memory = plan.model_copy(update={"loop": Loop(mode="memory")})
    known = {s.request for s in stored if s.plan.loop.mode == "memory" and s.run is not None}
    wanted = [one for one in work if one.request not in known]
    if not device.holds_several:
        for one in wanted:
            yield one_session(device, one, memory, batch, 0, next(position))
        return
    pool = ThreadPoolExecutor(MEMORY_AT_ONCE)
    try:
        yield from pool.map(
            lambda one: one_session(device, one, memory, batch, 0, next(position)), wanted
        )
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the sessions of one loop say so far. counted: those that count. logs: relative to the
    reference, by session id."""

    tries: Sequence[Session]
    counted: Sequence[Session]
    logs: Mapping[str, float]

    @classmethod
    def of(cls, sessions: Iterable[Session], plan: Plan) -> Known:
        tries = alike([s for s in sessions if s.plan.loop == plan.loop])
        counted = [s for s in tries if verdict(s).counts]
        return cls(tries=tries, counted=counted, logs=relative_logs(counted))

    def of_work(self, work: Work) -> list[Session]:
        """The sessions of it that count."""
        return [s for s in self.counted if s.request == work.request]

    def ratio(self, work: Work) -> Ratio | None:
        """Its latency relative to the reference; None where it has none, or no pass with it."""
        logs = [self.logs[s.id] for s in self.of_work(work) if s.id in self.logs]
        return ratio_over_passes(logs) if work.reference is not None and logs else None

    def enough(self, work: Work, plan: Plan, *, is_reference: bool) -> bool:
        """Whether the artifact needs no more sessions: as many tries as allowed, nothing but
        failures, or enough that count and a narrow interval. A reference, or what stands beside
        none, has no interval that more of them would narrow."""
        tries = [s for s in self.tries if s.request == work.request]
        if len(tries) >= plan.max_sessions:
            return True
        if len(tries) >= FAILURES and not any(s.timed for s in tries):
            return True
        counted = len(self.of_work(work))
        if counted < plan.sessions:
            return False
        if is_reference or work.reference is None:
            return True
        if counted > plan.sessions and (counted - plan.sessions) % PASSES_A_LOOK:
            return False
        found = self.ratio(work)
        return found is not None and found.within(plan.target, plan.of_difference)

    def out_of_time(self, plan: Plan, work: Sequence[Work], until_s: float) -> bool:
        """Whether the next pass would end after the limit, and each has its fewest sessions or
        nothing but failures."""
        if plan.limit_s is None or until_s <= plan.limit_s:
            return False
        lenient = plan.model_copy(update={"target": 1.0})
        return all(self.enough(one, lenient, is_reference=True) for one in work)


def unfinished(work: Sequence[Work], known: Known, plan: Plan) -> list[Work]:
    """The artifacts that are not yet known well enough."""
    references = {one.reference for one in work}
    return [
        one for one in work if not known.enough(one, plan, is_reference=one.request in references)
    ]
