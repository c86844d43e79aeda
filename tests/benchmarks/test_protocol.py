"""Whether the protocol's figures can be trusted, on a quiet machine: `make bench-self`.

BENCH_SELF_REPEATS scales the counts of repetitions down for a trial (1.0: as in the docs).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from exported import exported_home, file_work, work_of
from self_figures import Figure
from slowed_worker import MARK

from bench.compare import Comparison, compared, in_turns
from bench.protocol import Known, Work, measure
from bench.ranks import paired_ratio
from bench.record import Plan, Session
from bench.verdict import verdict
from bench.work import beside_references
from devices.base import Loop
from devices.host import HostDevice
from zoo.files import Home
from zoo.registry import select

LIGHT, MIDDLE = "mnv2_unet_0.35_128", "mnv2_unet_0.5_224"
REPEATS = float(os.environ.get("BENCH_SELF_REPEATS", "1"))
# Six pairs of 20 samples, whatever their spread; more tries where some are not steady.
FEW = Plan(sessions=6, max_sessions=18, target=1.0, loop=Loop(min_samples=20, max_samples=20))
# What `bench compare` takes where no option says otherwise.
DEFAULT = Plan(target=0.01)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return exported_home(tmp_path_factory, [LIGHT, MIDDLE], ["onnx"])


def duel(device: HostDevice, work: list[Work], plan: Plan, memory: list[Session]) -> Comparison:
    """One comparison; the memory passes are added to `memory`, so that the next needs none."""
    turns = in_turns(work)
    sessions = list(measure(device, turns, plan, memory))
    memory += [s for s in sessions if not s.timed]
    (found,) = compared(turns, ["A", "B"], sessions, plan, "file")
    return found


def test_a_copy_is_called_different_no_oftener_than_said(
    home: Home, tmp_path: Path, figure: Figure
) -> None:
    one = work_of(home, LIGHT, "onnxruntime")
    copy = Path(shutil.copy(one.artifact, tmp_path / "copy.onnx"))
    other = file_work(copy, "copy", 128, "onnxruntime")
    times = round(200 * REPEATS)
    called = covered = unknown = 0
    memory: list[Session] = []
    for seed in range(times):
        plan = FEW.model_copy(update={"seed": seed})
        found = duel(HostDevice(), [one, other], plan, memory)
        called += found.distinguishable
        ratio = found.ratio
        if ratio is None or ratio.low is None or ratio.high is None:
            unknown += 1
        else:
            covered += ratio.low <= 1 <= ratio.high
    figure("A/A: comparisons of a file with its copy, 6 pairs of 20 samples", times, "")
    figure("A/A: of them without an interval, too few steady", unknown, "", at_most=0.05 * times)
    figure("A/A: called different", called, "", at_most=0.08 * times)
    share = 100 * covered / (times - unknown)
    figure("A/A: intervals that hold 1", share, "%", at_least=93)


def test_a_slow_down_of_three_percent_is_found(
    home: Home, tmp_path: Path, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    device = HostDevice(worker="slowed_worker")
    one = work_of(home, LIGHT, "onnxruntime")
    copy = Path(shutil.copy(one.artifact, tmp_path / f"{MARK}.onnx"))
    other = file_work(copy, MARK, 128, "onnxruntime")
    times = round(50 * REPEATS)
    found, ratios, pairs, started = 0, [], [], time.monotonic()
    for seed in range(times):
        one_trial = duel(device, [one, other], DEFAULT.model_copy(update={"seed": seed}), [])
        if one_trial.ratio is not None:
            ratios.append(one_trial.ratio.value)
            pairs.append(one_trial.ratio.counts[0])
            found += one_trial.distinguishable and one_trial.ratio.value > 1
    figure("power: comparisons with one slowed by 3 %, default settings", times, "")
    figure("power: found slower", 100 * found / times, "%", at_least=90)
    figure("power: median ratio found", sorted(ratios)[len(ratios) // 2], "")
    figure("power: median count of pairs used", sorted(pairs)[len(pairs) // 2], "")
    figure("power: time of one comparison", (time.monotonic() - started) / times, "s")


# Busy for the first seconds of every so many, all at the same time; ends by itself.
HOG = """
import sys, time
on, every, end = float(sys.argv[1]), float(sys.argv[2]), time.time() + 1800
while time.time() < end:
    while time.time() % every < on:
        pass
    time.sleep(0.01)
"""
# Its children lose their parent, so that their load is not taken for the measurement's own.
STRAY = """
import subprocess, sys
count, *words = sys.argv[1:]
for _ in range(int(count)):
    command = [sys.executable, *words]
    hog = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    print(hog.pid)
"""


@contextlib.contextmanager
def hogs(on_s: float, every_s: float) -> Iterator[None]:
    """As many busy programs as there are cores, for a part of the time."""
    words = [str(os.cpu_count() or 1), "-c", HOG, str(on_s), str(every_s)]
    stray = subprocess.run(
        [sys.executable, "-c", STRAY, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    try:
        yield
    finally:
        for pid in stray.stdout.split():
            os.kill(int(pid), signal.SIGKILL)


def relative(work: list[Work], sessions: list[Session], plan: Plan) -> tuple[float, float]:
    """The second one's latency relative to the first, as it is reported, and half its interval."""
    known = Known.of(sessions, plan)
    mine = [s for s in known.steady if s.request == work[1].request and s.id in known.logs]
    found = paired_ratio([known.logs[s.id] for s in mine])
    return found.value, found.half_width or 1.0


def test_a_disturbance_is_told_and_hardly_moves_the_relative_figure(
    home: Home, figure: Figure
) -> None:
    work = in_turns([work_of(home, LIGHT, "onnxruntime"), work_of(home, MIDDLE, "onnxruntime")])
    plan = DEFAULT.model_copy(update={"sessions": 15, "target": 0.015})
    calm = list(measure(HostDevice(), work, plan))
    with hogs(on_s=6, every_s=15):
        disturbed = list(measure(HostDevice(), work, plan))
    before, half_before = relative(work, calm, plan)
    after, half_after = relative(work, disturbed, plan)
    timed = [s for s in disturbed if s.timed]
    told = sum(verdict(s).label != "steady" for s in timed)
    figure("disturbance: relative figure without it", before, f"+-{100 * half_before:.2f} %")
    figure("disturbance: relative figure with it", after, f"+-{100 * half_after:.2f} %")
    figure("disturbance: relative figure moved by", 100 * abs(after / before - 1), "%", at_most=2)
    figure("disturbance: sessions called not steady without it", unsteady_share(calm), "%")
    figure("disturbance: sessions called not steady with it", unsteady_share(disturbed), "%")
    assert told > 0


def unsteady_share(sessions: list[Session]) -> float:
    timed = [s for s in sessions if s.timed]
    return 100 * sum(verdict(s).label != "steady" for s in timed) / len(timed)


def test_the_whole_zoo_is_known_in_ten_minutes(
    tmp_path_factory: pytest.TempPathFactory, figure: Figure
) -> None:
    names = [spec.name for spec in select(["mnv2_unet_[0-9]*"])]
    home = exported_home(tmp_path_factory, names, ["onnx"])
    work = beside_references([work_of(home, name, "onnxruntime") for name in names], None)
    plan, started = Plan(), time.monotonic()
    sessions = list(measure(HostDevice(), work, plan))
    duration_s = time.monotonic() - started
    known = Known.of(sessions, plan)
    widths = [known.half_width(one) or 1.0 for one in work if one.reference]
    assert len(work) == 16
    figure("cost: 16 variants, one runtime, sessions", len(sessions), "")
    figure("cost: widest interval relative to the reference", 100 * max(widths), "%", at_most=1.5)
    figure("cost: time", duration_s / 60, "min", at_most=10)
