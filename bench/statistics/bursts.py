"""What the turns of a session say: which samples were interrupted, and the figure of each turn.

A sample is set aside by what the system tells of it, never by how slow it is. Where one thread
does the work, its CPU time says how long it was at work; wall time beyond that is an interruption,
also one that no context switch shows (steal, interrupts). Where several threads work, CPU time is
no latency, for they spin; there the count of involuntary context switches tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import NamedTuple

from bench.sessions.record import Session
from devices.records import Burst, RunRequest
from zoo.runtime.runtime import engine

# What reading the clocks and an interrupt or two may cost without counting.
INTERRUPTION_NS = 50_000
INTERRUPTION_SHARE = 0.02
# With fewer uninterrupted samples than this a session is starved.
FEWEST_SAMPLES = 20


class Sample(NamedTuple):
    """One inference. cpu_ns: None where it is no latency. interrupted: None where nothing tells."""

    wall_ns: int
    cpu_ns: int | None
    interrupted: bool | None


def works_alone(request: RunRequest) -> bool:
    """Whether the calling thread does all the work, so that its CPU time is the latency."""
    return request.threads == 1 and engine(request.runtime).in_caller


def samples_of(burst: Burst, request: RunRequest) -> list[Sample]:
    """Those of a turn that are not set apart for its warming."""
    walls = burst.wall_ns[burst.discarded :]
    switches = burst.switches[burst.discarded :] if burst.switches else [None] * len(walls)
    if burst.cpu_ns is None or not works_alone(request):
        return [
            Sample(wall, None, None if count is None else count > 0)
            for wall, count in zip(walls, switches, strict=True)
        ]
    return [
        Sample(wall, cpu, wall - cpu > allowed_ns(cpu))
        for wall, cpu in zip(walls, burst.cpu_ns[burst.discarded :], strict=True)
    ]


def allowed_ns(cpu_ns: int) -> float:
    """How much wall time beyond its CPU time an inference may take."""
    return max(INTERRUPTION_NS, INTERRUPTION_SHARE * cpu_ns)


def log_figure(burst: Burst, request: RunRequest) -> float | None:
    """The logarithm of a turn's median, in ns: CPU time where that is the latency, of uninterrupted
    samples if there are any; else wall time of uninterrupted samples, None if there are none."""
    samples = samples_of(burst, request)
    calm = [sample for sample in samples if not sample.interrupted]
    if samples and samples[0].cpu_ns is not None:
        return log(_median([max(1, s.cpu_ns or 0) for s in calm or samples]))
    return log(_median([sample.wall_ns for sample in calm])) if calm else None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Of a session in turns. uninterrupted, samples: how many; interrupted: their share, None
    where nothing tells. steal, pressure: shares of the turns' time (of one core), None where the
    system does not tell."""

    uninterrupted: int
    samples: int
    interrupted: float | None
    steal: float | None
    pressure: float | None

    @property
    def starved(self) -> bool:
        """Whether too few samples were left alone for a latency by the wall clock."""
        return self.uninterrupted < FEWEST_SAMPLES

    @classmethod
    def of(cls, session: Session) -> Evidence:
        bursts, samples = turns_of(session), _samples(_Same(session))
        told = [s.interrupted for s in samples if s.interrupted is not None]
        took_ms = sum(sum(burst.wall_ns) for burst in bursts) / 1e6
        return cls(
            uninterrupted=sum(not sample.interrupted for sample in samples),
            samples=len(samples),
            interrupted=sum(told) / len(told) if told else None,
            steal=_share([burst.steal_ms for burst in bursts], took_ms),
            pressure=_share([burst.pressure_ms for burst in bursts], took_ms),
        )


def turns_of(session: Session) -> tuple[Burst, ...]:
    """Empty where it took no turns."""
    return (session.run.series.bursts if session.run else None) or ()


def timed_of(session: Session) -> tuple[tuple[int, ...], str]:
    """What p50 is made of, in ns, and by which clock: wall times of uninterrupted samples; CPU
    times of all where those are too few, and CPU time is the latency."""
    samples = _samples(_Same(session))
    calm = tuple(sample.wall_ns for sample in samples if not sample.interrupted)
    if len(calm) < FEWEST_SAMPLES and samples and samples[0].cpu_ns is not None:
        return tuple(max(1, s.cpu_ns or 0) for s in samples), "cpu"
    return calm, "wall"


# What is said behind such a p50.
OF_CPU_TIME = " of CPU time"


def by_cpu(session: Session) -> bool:
    """Whether its p50 is of CPU time, which is less than a user waits."""
    return bool(turns_of(session)) and timed_of(session)[1] == "cpu"


class _Same:
    """A session as a key: the very object, for to compare all that it holds takes longer."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __hash__(self) -> int:
        return id(self.session)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.session is self.session


# Whoever looks at a session asks several times in a row.
@lru_cache(maxsize=4)
def _samples(of: _Same) -> Sequence[Sample]:
    turns, request = turns_of(of.session), of.session.request
    return [sample for burst in turns for sample in samples_of(burst, request)]


def _share(parts_ms: Sequence[float | None], whole_ms: float) -> float | None:
    known = [part for part in parts_ms if part is not None]
    return sum(known) / whole_ms if known and whole_ms else None


def _median(values: Sequence[int]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
