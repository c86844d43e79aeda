"""Files that take turns: real ones on this machine, what disturbs a turn, and passes cut short."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from commands import invoke
from own_models import write_convolutions
from recorded import (
    IN_TURNS,
    INFO,
    paired_work,
    recorded,
    recorded_passes,
)
from tiny_tflite import write_tiny

from bench.protocol import measure
from bench.sessions.record import Plan, Session
from bench.sessions.store import read_all
from bench.statistics.bursts import turns_of
from bench.statistics.verdict import FEWEST_ROUNDS, verdict
from bench.turns import pass_in_turns
from bench.work.item import Work
from devices.base import OpenRun
from devices.host.clocks import FINE_CPU
from devices.host.device import HostDevice, HostRun, HostTogether
from devices.records import Burst, Loop, RawRun, RunRequest, Turns
from devices.replay import ReplayDevice, ReplayRun
from zoo.base.files import sha256_of
from zoo.home import Home

# Turns of a millisecond are enough for tiny files.
TURNS = Turns(rounds=8, fewest_turns=0, discard_ms=0.2, sample_ms=1.0)
PLAN = Plan(loop=Loop(turns=TURNS), sessions=1, max_sessions=1, memory=False)


def work_of(path: Path, threads: int = 1) -> Work:
    onnx = path.suffix == ".onnx"
    request = RunRequest(
        model=path.name,
        size=None,
        format="onnx" if onnx else "tflite",
        precision="as given",
        artifact_sha256=sha256_of(path),
        runtime="onnxruntime" if onnx else "litert",
        threads=threads,
    )
    return Work(request=request, artifact=path)


@pytest.fixture
def three(tmp_path: Path) -> list[Work]:
    paths = [write_tiny(tmp_path / "a.tflite"), write_tiny(tmp_path / "b.tflite", 40)]
    return [work_of(path) for path in (*paths, write_convolutions(tmp_path / "c.onnx", 1))]


def test_a_pass_is_a_session_of_each_in_whole_shuffled_rounds(three: list[Work]) -> None:
    found = list(measure(HostDevice(), three, PLAN))
    assert {s.request for s in found} == {work.request for work in three}
    rounds: list[list[tuple[int, str]]] = [[] for _ in range(TURNS.rounds)]
    for session in found:
        assert session.run is not None, session.failure
        assert session.run.shared_by == 3
        assert session.run.series.stopped_by == "pass"
        bursts = turns_of(session)
        assert [burst.round for burst in bursts] == list(range(TURNS.rounds))
        for burst in bursts:
            rounds[burst.round].append((burst.position, session.request.model))
            assert 1 <= burst.discarded < len(burst.wall_ns)
            assert (burst.cpu_ns is not None) == FINE_CPU
            assert burst.process_cpu_ns is None
    orders = [tuple(name for _, name in sorted(turns)) for turns in rounds]
    assert {len(order) for order in orders} == {3}
    assert len(set(orders)) > 1
    starts = sorted((b.started_ns, b.round, b.position) for s in found for b in turns_of(s))
    assert [place for _, *place in starts] == sorted(place for _, *place in starts)


def test_few_files_take_more_rounds_and_a_reference_more_turns(tmp_path: Path) -> None:
    paths = [write_tiny(tmp_path / f"{number}.tflite", 4 + number) for number in range(10)]
    first, *others = map(work_of, paths)
    work = [first, *(replace(one, reference=first.request) for one in others)]
    turns = TURNS.model_copy(update={"fewest_turns": 30})
    plan = PLAN.model_copy(update={"loop": Loop(turns=turns)})
    pair = list(measure(HostDevice(), work[:2], plan))
    assert [len(turns_of(session)) for session in pair] == [15, 15]
    many = {s.request: turns_of(s) for s in measure(HostDevice(), work, plan)}
    assert {len(many[one.request]) for one in others} == {TURNS.rounds}
    # Nine stand beside it: three turns in each round, one in each third of it.
    of_reference = Counter(burst.round for burst in many[first.request])
    assert of_reference == dict.fromkeys(range(TURNS.rounds), 3)
    places = sorted(b.position for b in many[first.request] if b.round == 0)
    assert places[0] < 6
    assert places[2] > 5


class KilledRun(OpenRun):
    """A run of the host whose process is killed as it begins its turn of that round."""

    def __init__(self, run: HostRun, fatal_round: int) -> None:
        self.run, self.fatal_round = run, fatal_round
        self.load_ns, self.first_inference_ns = run.load_ns, run.first_inference_ns
        self.shared_by = run.shared_by

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        if round == self.fatal_round:
            os.kill(self.run.process.pid, signal.SIGKILL)
        return self.run.burst(turns, round, position)

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        return self.run.sample(count, loop)

    def memory(self) -> tuple[int | None, int | None]:
        return self.run.memory()

    def check(self) -> None:
        self.run.check()

    def close(self) -> None:
        self.run.close()


class DeadlyHost(HostDevice):
    """This machine; the file of that name kills the process that it shares in that round."""

    def __init__(self, victim: str, fatal_round: int) -> None:
        super().__init__()
        self.victim, self.fatal_round = victim, fatal_round

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> HostTogether:
        together = super().open_together(asked, apart)
        together.runs = [
            KilledRun(run, self.fatal_round)
            if isinstance(run, HostRun) and run.shared_by and run.request.model == self.victim
            else run
            for run in together.runs
        ]
        return together


@pytest.mark.parametrize("fatal_round", [6, 2, 0])
def test_a_file_that_ends_the_process_fails_alone_and_is_apart_from_then_on(
    three: list[Work], fatal_round: int
) -> None:
    plan = PLAN.model_copy(update={"sessions": 2, "max_sessions": 2})
    found = list(measure(DeadlyHost("a.tflite", fatal_round), three, plan))
    first, second = ([s for s in found if s.round == number] for number in (1, 2))
    # Killed in the first round, the others have nothing of that pass, or one round.
    assert len(second) == 3
    assert len(first) == 3 or (fatal_round == 0 and len(first) == 1)
    for session in first:
        if session.request.model == "a.tflite":
            assert session.failure is not None
            assert session.failure.stage == "burst"
            assert "SIGKILL" in session.failure.reason
            continue
        assert session.run is not None, session.failure
        # It may have been the last one of its round.
        assert len(turns_of(session)) in (fatal_round, fatal_round + 1)
        assert session.run.series.stopped_by == "cut off"
        assert verdict(session).counts == (fatal_round >= FEWEST_ROUNDS)
    assert len({len(turns_of(s)) for s in first if s.run}) <= 1
    shared = {s.request.model: s.run and s.run.shared_by for s in second}
    assert shared == {"a.tflite": None, "b.tflite": 2, "c.onnx": 2}
    assert {len(turns_of(s)) for s in second} == {TURNS.rounds}


def test_a_pool_of_threads_takes_no_time_between_its_turns(tmp_path: Path) -> None:
    path = write_convolutions(tmp_path / "c.onnx", 2)
    asked = [(one.request, one.artifact) for one in (work_of(path, 2), work_of(path))]
    with HostDevice().open_together(asked) as together:
        pool, alone = together.runs
        assert isinstance(pool, HostRun)
        assert isinstance(alone, HostRun)
        assert pool.process is not alone.process
        process = psutil.Process(pool.process.pid)
        assert pool.burst(TURNS, 0, 0).process_cpu_ns is not None
        # It was told to stop; on a busy machine it does so a moment later.
        until = time.monotonic() + 5
        while process.status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < until
            time.sleep(0.001)
        before = process.cpu_times()
        alone.burst(TURNS, 0, 1)
        time.sleep(0.5)
        after = process.cpu_times()
        assert (after.user, after.system) == (before.user, before.system)
        pool.burst(TURNS, 1, 0)
        pool.check()
    assert not process.is_running()


class CutRun(ReplayRun):
    """Somebody presses Ctrl-C in that round."""

    def __init__(self, run: RawRun, cut: int) -> None:
        super().__init__(run)
        self.cut = cut

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        if (round, position) == (self.cut, 1):
            raise KeyboardInterrupt
        return super().burst(turns, round, position)


class CutDevice(ReplayDevice):
    cut = 0

    def open(self, request: RunRequest, artifact: Path) -> OpenRun:
        opened = super().open(request, artifact)
        assert isinstance(opened, ReplayRun)
        return CutRun(opened.recorded, self.cut)


@pytest.mark.parametrize("cut", [6, FEWEST_ROUNDS, FEWEST_ROUNDS - 1, 0])
def test_ctrl_c_in_a_pass_keeps_its_whole_rounds(cut: int) -> None:
    work, plan = (
        paired_work(2),
        IN_TURNS.model_copy(update={"loop": Loop(turns=Turns(rounds=9, fewest_turns=0))}),
    )
    runs = recorded_passes(work, plan, lambda name, moment: 5.0)
    device = CutDevice(INFO, [recorded(1.0), recorded(1.0), *runs])
    device.cut = cut
    taken: list[Session] = []
    with pytest.raises(KeyboardInterrupt):
        taken.extend(measure(device, work, plan))
    timed = [s for s in taken if s.timed]
    assert [len(turns_of(s)) for s in timed] == ([cut, cut] if cut >= FEWEST_ROUNDS else [])
    assert all(verdict(s).counts for s in timed)
    assert not any(s.failure for s in taken)


def test_a_file_that_can_not_be_opened_leaves_the_pass_to_the_others(
    three: list[Work], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    position = iter(range(4))
    found = list(
        pass_in_turns(HostDevice(), [work_of(bad), *three], PLAN, "a" * 12, 1, position, [])
    )
    failed = {s.request.model: s.failure.stage for s in found if s.failure}
    assert failed == {"bad.onnx": "open"}
    assert {s.run.shared_by for s in found if s.run} == {3}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--samples", "40"), "--samples is of sessions one after the other"),
        (("--settle", "0"), "--settle is of sessions one after the other"),
        (("--mode", "cadence", "--rounds", "4"), "--rounds is of files that take turns"),
        (("--sessions", "8", "--max-sessions", "7"), "--max-sessions 7 is under --sessions 8"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    home: Home, model: Path, words: tuple[str, ...], told: str
) -> None:
    assert told in " ".join(invoke("run", str(model), *words, status=2).output.split())


def test_no_pass_begins_that_would_end_too_late(home: Home, model: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other.tflite", 9)
    words = ("--sessions", "2", "--max-sessions", "40", "--target", "0.01%", "--rounds", "4")
    invoke("run", str(model), str(other), *words, "--time-limit", "0.01")
    timed = Counter(s.request.model for s in read_all(home).sessions if s.timed)
    assert timed == {model.name: 2, other.name: 2}
    # The passes that are stored have used up the time.
    again = ("--time-limit", "0.01", "--resume")
    told = invoke("run", str(model), str(other), *words, *again).output
    assert "the stored passes have used up the 0.01 s of --time-limit" in told
