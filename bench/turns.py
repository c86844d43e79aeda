"""A pass: a fresh process holds all its files at once, and they take turns of some milliseconds.

What disturbs the machine for a second then falls on all files alike, and what disturbs it for
milliseconds on few of a file's turns. Randomized multiple interleaved trials (Abedi and Brecht,
ICPE 2017), with the process as the replicate and milliseconds as the size of a trial.
"""

from __future__ import annotations

import math
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bench.in_a_row import failure_of
from bench.sessions.record import Failure, Plan, Session
from bench.statistics.changes import number as number_of
from bench.statistics.verdict import FEWEST_ROUNDS
from bench.warming import Warmed, warm_up_together
from bench.work.item import Work, with_references
from devices.base import Device, OpenRun, Together
from devices.records import Burst, RawRun, Reading, RunRequest, Series
from zoo.base.errors import PassBroken, SessionFailed
from zoo.base.provenance import commit, machine

# What the files of a pass may take together, and what one takes of which nothing is known yet.
MOST_BYTES = 3 * 10**9
SHARE_OF_MEMORY = 0.25
GROWTH = 4


def groups(
    work: Sequence[Work], left: Sequence[Work], sessions: Sequence[Session], device: Device
) -> list[list[Work]]:
    """What is left, with its references, in parts that fit into memory together."""
    allowed = min(MOST_BYTES, SHARE_OF_MEMORY * device.info().memory_bytes)
    known = {s.request: _grown(s) for s in sessions if s.plan.loop.mode == "memory" and s.run}
    references = {one.reference for one in left}
    parts: list[list[Work]] = [[]]
    taken = 0.0
    for one in left:
        if one.request in references:
            continue
        needs = known.get(one.request) or GROWTH * one.size_bytes
        if parts[-1] and taken + needs > allowed:
            parts.append([])
            taken = 0.0
        parts[-1].append(one)
        taken += needs
    if parts == [[]]:
        return [list(left)]
    return [with_references(work, part) for part in parts]


def durations_s(sessions: Sequence[Session]) -> list[float]:
    """How long each of the passes took that these sessions are of."""
    took: dict[tuple[str, int], float] = {}
    for session in sessions:
        if session.run is not None and session.run.series.bursts is not None:
            before = number_of(session.run.conditions_before, "clock_s")
            after = number_of(session.run.conditions_after, "clock_s")
            if before is not None and after is not None:
                took[session.batch, session.round] = after - before
    return list(took.values())


def _grown(session: Session) -> int | None:
    """How much memory the file took, by its memory pass."""
    assert session.run is not None
    peak, baseline = session.run.peak_memory_bytes, session.run.baseline_memory_bytes
    return None if peak is None or baseline is None else max(1, peak - baseline)


def pass_in_turns(
    device: Device,
    work: Sequence[Work],
    plan: Plan,
    batch: str,
    number: int,
    position: Iterator[int],
    earlier: Sequence[Session],
) -> Iterator[Session]:
    """The sessions of one pass. Cut off by Ctrl-C they keep their whole rounds; with too few of
    them there is none. A file that ended the process fails alone: the others keep their whole
    rounds as well, and from the next pass on it has a process of its own."""
    generator = random.Random(f"{plan.seed} {number}")
    shuffled = generator.sample(list(work), len(work))
    started_at, before, interrupted = datetime.now(UTC), device.conditions(), None
    asked = [(one.request, one.artifact) for one in shuffled]
    with device.open_together(asked, apart=_crashed(earlier)) as together:
        engines = len({(one.request.runtime, one.request.threads) for one in shuffled})
        taken = Pass(together, plan, _turns_a_round(shuffled), engines)
        try:
            taken.go(generator)
        except KeyboardInterrupt as cut:
            interrupted = cut
            taken.check()
    after, rounds = device.conditions(), taken.whole_rounds
    for place, one in enumerate(shuffled):
        if place not in taken.failed and rounds < (FEWEST_ROUNDS if interrupted else 1):
            continue
        found = taken.outcome(place, rounds)
        run = None
        if isinstance(found, Series):
            run = _run(device, one, together.runs[place], found, before, after)
        yield Session(
            id=secrets.token_hex(6),
            batch=batch,
            round=number,
            position=next(position),
            started_at=started_at,
            commit=commit(),
            device=device.info(),
            request=one.request,
            reference=one.reference,
            plan=plan,
            own=one.own,
            machine=machine(),
            run=run,
            failure=found if isinstance(found, Failure) else None,
        )
    if interrupted:
        raise interrupted


class Pass:
    """The turns of open files, as far as they have got."""

    def __init__(
        self, together: Together, plan: Plan, turns_a_round: Sequence[int], engines: int
    ) -> None:
        assert plan.loop.turns is not None
        self.loop, self.turns = plan.loop, plan.loop.turns
        self.turns_a_round, self.engines = turns_a_round, engines
        self.rounds = max(
            self.turns.rounds, math.ceil(self.turns.fewest_turns / max(1, sum(turns_a_round)))
        )
        self.failed: dict[int, SessionFailed] = {}
        self.open: dict[int, OpenRun] = {}
        for place, run in enumerate(together.runs):
            if isinstance(run, OpenRun):
                self.open[place] = run
            else:
                self.failed[place] = run
        self.bursts: dict[int, list[Burst]] = {place: [] for place in self.open}
        self.warmed = Warmed()
        self.whole_rounds = 0

    def go(self, generator: random.Random) -> None:
        """All rounds; fewer where the process that the files share is gone."""
        self.warmed = warm_up_together(self.open, self.loop, self.engines)
        self.failed |= self.warmed.failed
        if self.warmed.broken:
            return
        try:
            self._take_turns(generator)
        except PassBroken:
            if any(run.told_by_check for run in self.open.values()):
                self.whole_rounds = 0
        else:
            self.check()

    def _take_turns(self, generator: random.Random) -> None:
        for round in range(self.rounds):
            for position, place in enumerate(self._order(generator)):
                if place in self.failed:
                    continue
                try:
                    taken = self.open[place].burst(self.turns, round, position)
                except PassBroken:
                    raise
                except SessionFailed as error:
                    self.failed[place] = error
                    continue
                self.bursts[place].append(taken)
            self.whole_rounds += 1

    def check(self) -> None:
        """Whether each ran what it was to run, to the end of what it did."""
        for place, run in self.open.items():
            if place in self.failed:
                continue
            try:
                run.check()
            except PassBroken:
                # What nobody can check any more is measured again.
                self.whole_rounds = 0
                return
            except SessionFailed as error:
                self.failed[place] = error

    def _order(self, generator: random.Random) -> list[int]:
        """Of one round, shuffled; several turns of a file are spread over it."""
        turns = [
            ((turn + generator.random()) / count, place)
            for place in self.open
            for count in [self.turns_a_round[place]]
            for turn in range(count)
        ]
        return [place for _, place in sorted(turns)]

    def outcome(self, place: int, rounds: int) -> Series | Failure:
        """Of one file: its turns in whole rounds, one at least, or why there are none."""
        if place in self.failed:
            return failure_of(self.failed[place])
        bursts = tuple(burst for burst in self.bursts[place] if burst.round < rounds)
        whole = rounds == self.rounds
        return Series(
            warmup_ns=tuple(self.warmed.wall_ns.get(place, ())),
            settled=self.warmed.settled,
            samples_ns=None,
            bursts=bursts,
            stopped_by="pass" if whole else "cut off",
        )


def _turns_a_round(work: Sequence[Work]) -> list[int]:
    """One of each, but of a reference the square root of how many stand beside it: its noise is in
    all of their figures, and the turns that it takes more are few among theirs."""
    beside = Counter(one.reference for one in work)
    return [max(1, round(math.sqrt(beside[one.request]))) for one in work]


def _run(
    device: Device,
    work: Work,
    opened: OpenRun | SessionFailed,
    series: Series,
    before: dict[str, Reading],
    after: dict[str, Reading],
) -> RawRun:
    assert isinstance(opened, OpenRun)
    return RawRun(
        load_ns=opened.load_ns,
        first_inference_ns=opened.first_inference_ns,
        series=series,
        runtime_version=device.runtime_version(work.request.runtime),
        conditions_before=before | dict(opened.readings) | dict(work.readings),
        conditions_after=after,
        program_sha256=opened.program_sha256,
        fallback=opened.fallback,
        settings=opened.settings,
        shared_by=opened.shared_by,
    )


def _crashed(sessions: Sequence[Session]) -> set[RunRequest]:
    """What failed before while others were beside it, and may have ended their process."""
    return {s.request for s in sessions if s.failure is not None and s.plan.loop.turns is not None}
