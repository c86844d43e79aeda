"""What our host adapter adds to a runtime's own clock: a pair of fresh processes, many times over.

The two processes of a pair are held open and take turns of a few inferences: this machine's speed
drifts by some per cent within seconds, far more than what is looked for. In trials turns brought
the spread of a pair's ratio from 2-4 % down to 0.5 %.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median

import pytest
from exported import work_of, write_exports
from self_figures import Figure

from bench.statistics.ratios import Ratio, ratio_over_passes
from bench.work.item import Work
from devices.host.device import HostDevice
from devices.records import Turns
from zoo.home import Home

NATIVE = Path(__file__).with_name("native.py")
MODEL = "mnv2_slim_unet_0.5_224"
# benchmark_litert_model rounds to 10 us: of this one that is at most 0.1 %.
SLOW_MODEL = "mnv2_slim_unet_1.0_224"

PAIRS = int(os.environ.get("BENCH_SELF_PAIRS", "30"))
# An interval needs six pairs; lines without a bound need no more.
FEW_PAIRS = min(PAIRS, 8)
WARMUP, SAMPLES = 50, 150
# The first inferences of a turn find the caches as the other process left them.
TURNS, DROPPED = 50, 2
# No turn of ours is ended by wall time.
MOST_MS = 60_000
# After a run onnxruntime's other threads spin for a while, on cores the other process would need.
SPIN_S = 0.02
BOUND_PERCENT = 1.0

Sampler = Callable[[int], list[int]]
Opener = Callable[[], AbstractContextManager[Sampler]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Untrained variants: latency does not depend on the weights' values."""
    if given := os.environ.get("BENCH_SELF_HOME"):
        return Home(root=Path(given))
    made = Home(root=tmp_path_factory.mktemp("native"))
    write_exports(made, (MODEL, SLOW_MODEL), ("onnx", "tflite"))
    return made


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """The count of threads, on as many cores: the processes started meanwhile inherit them."""
    count: int = request.param
    allowed = os.sched_getaffinity(0)
    if len(allowed) < count:
        pytest.skip(f"{len(allowed)} core(s) for {count} threads")
    os.sched_setaffinity(0, sorted(allowed)[-count:])
    yield count
    os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_our_latency_is_the_runtimes_own(
    home: Home, figure: Figure, threads: int, runtime: str
) -> None:
    work = work_of(home, MODEL, runtime, threads)
    ours, theirs = our_process(work), native_process(runtime, work)
    rest_s = SPIN_S if runtime == "onnxruntime" and threads > 1 else 0.0
    logs = [log_ratio(ours, theirs, place, TURNS, rest_s) for place in range(PAIRS)]
    ratio = ratio_over_passes(logs)
    name = f"our p50 over {runtime}'s own clock, {told(threads)}"
    record(figure, name, ratio, BOUND_PERCENT)


def test_onnxruntimes_profiler_slows_what_it_times(
    home: Home, figure: Figure, threads: int
) -> None:
    """Not bounded: it notes each node of each run, which costs 10-20 % of this model's time. The C
    function it would time is what the bound is held against."""
    work = work_of(home, MODEL, "onnxruntime", threads)
    ours, theirs = our_process(work), native_process("onnxruntime-profiler", work)
    # One turn, since the profiler tells its times when its session ends.
    ratio = ratio_over_passes([log_ratio(ours, theirs, place, 1) for place in range(FEW_PAIRS)])
    record(figure, f"our p50 over onnxruntime's model_run, {told(threads)}", ratio)


def test_litert_benchmark_tool(home: Home, figure: Figure, threads: int, tmp_path: Path) -> None:
    """Not bounded: it cannot take turns, and adds what its own Python layer costs."""
    work = work_of(home, SLOW_MODEL, "litert", threads)
    ours = our_process(work)
    logs = []
    for place in range(FEW_PAIRS):
        steps = {
            "tool": lambda: tool_ns(work, tmp_path / "result.json"),
            "ours": lambda: alone_ns(ours),
        }
        order = list(steps) if place % 2 else list(steps)[::-1]
        found = {name: steps[name]() for name in order}
        logs.append(math.log(found["ours"] / found["tool"]))
    name = f"our p50 over benchmark_litert_model's, {SLOW_MODEL}, {told(threads)}"
    record(figure, name, ratio_over_passes(logs))


def log_ratio(ours: Opener, theirs: Opener, place: int, turns: int, rest_s: float = 0.0) -> float:
    """Of the medians of two fresh processes; who is first changes by pair and by turn, and each
    turn waits for rest_s."""
    openers = (ours, theirs)
    taken: tuple[list[int], list[int]] = ([], [])
    order = (0, 1) if place % 2 == 0 else (1, 0)
    per_turn = SAMPLES // turns
    dropped = WARMUP if turns == 1 else DROPPED
    with ExitStack() as stack:
        samplers = {side: stack.enter_context(openers[side]()) for side in order}
        if turns > 1:
            for side in order:
                samplers[side](WARMUP)
        for turn in range(turns):
            for side in order if turn % 2 == 0 else order[::-1]:
                time.sleep(rest_s)
                taken[side].extend(samplers[side](dropped + per_turn)[dropped:])
    return math.log(median(taken[0]) / median(taken[1]))


def our_process(work: Work) -> Opener:
    """Samples by the turns of a pass, so that what is read beside each inference is in them. A turn
    ends by CPU time: it has about as many inferences as were asked for."""

    @contextmanager
    def opened() -> Iterator[Sampler]:
        with HostDevice().open(work.request, work.artifact) as run:
            once_ns: float = run.first_inference_ns

            def take(count: int) -> list[int]:
                nonlocal once_ns
                # One is set apart at least, and the last one begins before the end.
                sample_ms = max(1.0, count - 1.5) * once_ns / 1e6
                turns = Turns(discard_ms=0, sample_ms=sample_ms, limit_ms=MOST_MS)
                taken = run.burst(turns, 0, 0)
                once_ns = median(taken.cpu_ns or taken.wall_ns)
                return [*taken.wall_ns]

            yield take

    return opened


def native_process(clock: str, work: Work) -> Opener:
    given = (clock, str(work.artifact), str(work.request.threads))
    command = [sys.executable, "-P", str(NATIVE), *given]

    @contextmanager
    def opened() -> Iterator[Sampler]:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            asked, answers = process.stdin, process.stdout

            def take(count: int) -> list[int]:
                print(count, file=asked, flush=True)
                durations: list[int] = json.loads(answers.readline())
                assert len(durations) == count
                return durations

            yield take

    return opened


def alone_ns(ours: Opener) -> float:
    with ours() as sampler:
        return median(sampler(WARMUP + SAMPLES)[WARMUP:])


def tool_ns(work: Work, result: Path) -> float:
    counts = [f"--num_runs={SAMPLES}", f"--warmup_runs={WARMUP}"]
    words = [f"--model={work.artifact}", f"--num_threads={work.request.threads}", *counts]
    module = "ai_edge_litert.tools.benchmark_litert_model"
    command = [sys.executable, "-P", "-m", module, *words, f"--result_json={result}"]
    subprocess.run(command, check=True, capture_output=True)
    median_ms: float = json.loads(result.read_text())["latency"]["median_ms"]
    return median_ms * 1e6


def told(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


def record(figure: Figure, name: str, ratio: Ratio, bound: float = math.inf) -> None:
    """The bias in per cent, with its interval in the name."""
    sides = [100 * (side - 1) for side in (ratio.low, ratio.high) if side is not None]
    interval = f" (95 %: {sides[0]:+.2f} to {sides[1]:+.2f} %)" if sides else ""
    bias = 100 * (ratio.value - 1)
    figure(name + interval, bias, "%", at_least=-bound, at_most=bound)
