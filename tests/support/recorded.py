"""Recorded sessions, played by the public replay device."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from commands import TINY

from bench.protocol import measure
from bench.sessions.record import Plan, Session
from bench.work.item import Work
from devices.records import Burst, DeviceInfo, Loop, RawRun, RunRequest, Series, Turns
from devices.replay import ReplayDevice

INFO = DeviceInfo(kind="host", name="a phone", os="1", cpu="c", cores=8, memory_bytes=2**34)
LOOP = Loop(max_warmup=20, min_samples=30, max_samples=30)
PLAN = Plan(sessions=2, max_sessions=2, loop=LOOP)
IN_TURNS = Plan(sessions=6, max_sessions=6, loop=Loop(turns=Turns(rounds=6, fewest_turns=0)))


def request(model: str = TINY, runtime: str = "onnxruntime") -> RunRequest:
    return RunRequest(
        model=model,
        size=128,
        format="onnx",
        precision="fp32",
        artifact_sha256="0" * 64,
        runtime=runtime,
        threads=1,
    )


def recorded(p50_ms: float, samples: int = 30) -> RawRun:
    """Twenty inferences of warm-up and the samples, all within half a percent."""
    wave = [int(p50_ms * 1e6 * (1 + 0.001 * (i % 5))) for i in range(samples + 20)]
    return RawRun(
        load_ns=(9_000_000, 5_000_000),
        first_inference_ns=8_000_000,
        series=Series(
            warmup_ns=tuple(wave[:20]),
            settled=True,
            samples_ns=tuple(wave[20:]),
            stopped_by="count",
        ),
        peak_memory_bytes=70_000_000,
        baseline_memory_bytes=50_000_000,
        runtime_version="1.0",
        conditions_before={},
        conditions_after={},
    )


def turn(ms: float, round: int = 0, position: int = 0, lost_ms: float = 0.0, hit: int = 0) -> Burst:
    """Two inferences that are set apart, and four samples; the first `hit` of these were
    interrupted for lost_ms."""
    cpu = tuple(int(ms * 1e6 * (1 + 0.001 * i)) for i in (8, 4, 0, 1, 2, 3))
    wall = tuple(ns + int(lost_ms * 1e6) * (2 <= i < 2 + hit) for i, ns in enumerate(cpu))
    return Burst(
        round=round,
        position=position,
        started_ns=1_000_000 * round,
        discarded=2,
        wall_ns=wall,
        cpu_ns=cpu,
        switches=tuple(int(2 <= i < 2 + hit) for i in range(6)),
    )


def in_turns(bursts: Sequence[Burst]) -> RawRun:
    """A run of those turns, in a process that two files shared."""
    series = Series(
        warmup_ns=(), settled=None, samples_ns=None, bursts=tuple(bursts), stopped_by="pass"
    )
    memory = {"peak_memory_bytes": None, "baseline_memory_bytes": None}
    return recorded(1.0).model_copy(update={"series": series, "shared_by": 2} | memory)


def recorded_passes(
    work: Sequence[Work], plan: Plan, ms: Callable[[str, int], float]
) -> list[RawRun]:
    """The runs of max_sessions passes, each in the order that is asked for. ms: of a file, in the
    turn of that number, counted through all passes."""
    assert plan.loop.turns
    moment, runs = itertools.count(), []
    for number in range(1, plan.max_sessions + 1):
        generator = random.Random(f"{plan.seed} {number}")
        names = [one.request.model for one in generator.sample(list(work), len(work))]
        bursts: dict[str, list[Burst]] = defaultdict(list)
        for round in range(plan.loop.turns.rounds):
            for position, name in enumerate(generator.sample(names, len(names))):
                bursts[name].append(turn(ms(name, next(moment)), round, position))
        runs += [in_turns(bursts[name]) for name in names]
    return runs


def replayed(
    runs: Sequence[RawRun], work: Sequence[Work] | None = None, plan: Plan = PLAN
) -> list[Session]:
    """The sessions of a recording; before its runs, the memory pass of each piece of work."""
    work = work or [Work(request=request(), artifact=Path("any"))]
    return list(measure(ReplayDevice(INFO, [*[recorded(1.0)] * len(work), *runs]), work, plan))


def sessions(count: int = 2) -> list[Session]:
    """Timed ones of one artifact."""
    plan = PLAN.model_copy(update={"sessions": count, "max_sessions": count})
    return replayed([recorded(5.0 + i) for i in range(count)], plan=plan)[1:]


def paired_work(count: int) -> list[Work]:
    """The first is the reference of the others."""
    return [
        Work(
            request=request(f"m{i}"),
            artifact=Path(f"{i}"),
            reference=request("m0") if i else None,
        )
        for i in range(count)
    ]
