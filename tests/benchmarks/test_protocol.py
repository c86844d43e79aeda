"""Whether comparisons of two files can be trusted, and how long they take.

Each runs by what `bench compare` takes where no option says otherwise. How often, by default:
BENCH_SELF_TOLD 5, BENCH_SELF_COPIES 100, BENCH_SELF_SLOWED 10.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from busy import each_load, under
from exported import exported_home, file_work, work_of
from recorded_results import Results, Row, count
from scipy.stats import binom
from self_figures import Figure
from slowed_worker import MARK

from bench.compare import compared, in_turns
from bench.protocol import Known, measure
from bench.sessions.record import Plan
from bench.statistics.ratios import ratio_over_passes
from bench.statistics.stats import CONFIDENCE
from bench.work.item import Work
from devices.host.device import HostDevice
from devices.records import Loop, Turns
from zoo.home import Home

LIGHT, ONE, OTHER = "mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.5_160", "mnv2_slim_unet_0.5_192"
RUNTIME = "litert"
DEFAULT = Plan(
    target=0.01,
    of_difference=0.25,
    memory=False,
    loop=Loop(turns=Turns()),
)
TOLD_S = {"quiet": 10, "busy": 20}
SLOWED_S = {"quiet": 25, "busy": 45}
SLOWED_FOUND = 90


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return exported_home(tmp_path_factory, [LIGHT, ONE, OTHER], ["tflite"])


@dataclass(frozen=True, kw_only=True)
class Duels:
    """The same comparison again and again, each stored as it ends."""

    results: Results
    load: str
    device: HostDevice
    work: Sequence[Work]

    def rows(self, times: int) -> list[Row]:
        done = {row["seed"]: row for row in self.results.having(load=self.load)}
        missing = [seed for seed in range(times) if seed not in done]
        for seed in missing:
            with under(self.load):
                done[seed] = self.results.once(partial(self.duel, seed), load=self.load, seed=seed)
        return [done[seed] for seed in range(times)]

    def duel(self, seed: int) -> Row:
        """One comparison: the passes' log ratios, and what is said of them."""
        turns, plan = in_turns(self.work), DEFAULT.model_copy(update={"seed": seed})
        started = time.monotonic()
        sessions = list(measure(self.device, turns, plan))
        took_s = time.monotonic() - started
        (found,) = compared(turns, ["A", "B"], sessions, plan, "file")
        known = Known.of(sessions, plan)
        logs = [known.logs[s.id] for s in known.of_work(turns[1]) if s.id in known.logs]
        return {
            "logs": logs,
            "distinguishable": found.distinguishable,
            "seconds": took_s,
            "failures": [s.failure.reason for s in sessions if s.failure],
        }


@each_load
def test_two_files_are_told_apart_in_seconds(
    home: Home, tmp_path_factory: pytest.TempPathFactory, figure: Figure, load: str
) -> None:
    work = [work_of(home, name, RUNTIME) for name in (ONE, OTHER)]
    results = Results(tmp_path_factory, "pair")
    rows = Duels(results=results, load=load, device=HostDevice(), work=work).rows(count("TOLD", 5))
    told = sum(row["distinguishable"] for row in rows)
    name = f"pair, {load}"
    figure(f"{name}: ratio of {OTHER} to {ONE}, median", median(map(value, rows)), "")
    figure(f"{name}: passes, median", median(len(row["logs"]) for row in rows), "")
    figure(f"{name}: slowest of {len(rows)}", max(row["seconds"] for row in rows), "s")
    figure(f"{name}: told apart, of {len(rows)}", told, "", at_least=len(rows))
    took = median(row["seconds"] for row in rows)
    figure(f"{name}: time until told apart, median", took, "s", at_most=TOLD_S[load])


@each_load
def test_a_copy_is_called_different_no_oftener_than_said(
    home: Home, tmp_path_factory: pytest.TempPathFactory, figure: Figure, load: str, tmp_path: Path
) -> None:
    """The count of intervals that leave 1 out is below its bound in 99 of 100 such tests, if each
    does so in 5 % of cases."""
    work = work_beside_copy(home, tmp_path, "copy")
    results, times = Results(tmp_path_factory, "same"), count("COPIES", 100)
    rows = Duels(results=results, load=load, device=HostDevice(), work=work).rows(times)
    ratios = [ratio_over_passes(row["logs"]) for row in rows]
    name, bound = f"A/A, {load}", float(binom.ppf(0.99, times, 1 - CONFIDENCE))
    unknown = sum(ratio.low is None for ratio in ratios)
    widths = [ratio.half_width for ratio in ratios if ratio.half_width is not None]
    figure(f"{name}: median time", median(row["seconds"] for row in rows), "s")
    figure(f"{name}: median half width", 100 * median(widths), "%")
    figure(f"{name}: without an interval, of {times}", unknown, "", at_most=0)
    outside = sum(ratio.differs for ratio in ratios)
    figure(f"{name}: intervals that leave 1 out, of {times}", outside, "", at_most=bound)


@each_load
def test_a_slow_down_of_three_percent_is_found(
    home: Home,
    tmp_path_factory: pytest.TempPathFactory,
    figure: Figure,
    load: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    work, device = work_beside_copy(home, tmp_path, MARK), HostDevice(worker="slowed_worker")
    results, times = Results(tmp_path_factory, "slowed"), count("SLOWED", 10)
    rows = Duels(results=results, load=load, device=device, work=work).rows(times)
    found = sum(row["distinguishable"] and value(row) > 1 for row in rows)
    name = f"slowed by 3 %, {load}"
    figure(f"{name}: ratio, median of {times}", median(map(value, rows)), "")
    figure(f"{name}: passes, median", median(len(row["logs"]) for row in rows), "")
    figure(f"{name}: found slower", 100 * found / times, "%", at_least=SLOWED_FOUND)
    took = median(row["seconds"] for row in rows)
    figure(f"{name}: median time", took, "s", at_most=SLOWED_S[load])


def work_beside_copy(home: Home, folder: Path, name: str) -> list[Work]:
    """A file, and a copy of this name that is the same to the byte."""
    one = work_of(home, LIGHT, RUNTIME)
    copy = Path(shutil.copy(one.artifact, folder / f"{name}.tflite"))
    return [one, file_work(copy, name, 128, RUNTIME)]


def value(row: Row) -> float:
    return ratio_over_passes(row["logs"]).value
