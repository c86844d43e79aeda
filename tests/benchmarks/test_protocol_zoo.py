"""How well a whole zoo is known after three minutes, and whether twins are found to be twins.

A TFLite file of fp16 does the arithmetic of its fp32 twin here, so their ratio is 1. By default:
BENCH_SELF_RUNS 2, BENCH_SELF_LIMIT_S 170, BENCH_SELF_MODELS mnv2_slim_unet_* (the variants).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, starmap
from statistics import fmean, median

import numpy as np
import pytest
from busy import each_load, under
from effects_by_pass import effects_by_pass, file_name, files_in, p50_by_file, ratio_of
from exported import exported_home, work_of
from recorded_results import Results, Row, count
from scipy.special import stdtrit
from scipy.stats import kendalltau, linregress
from self_figures import Figure

from bench.protocol import Known, measure
from bench.sessions.record import Plan
from bench.statistics.ratios import Ratio
from bench.work.item import Work
from devices.host.device import HostDevice
from devices.records import Loop, Turns
from zoo.registry import select

LIMIT_S = float(os.environ.get("BENCH_SELF_LIMIT_S", "170"))
MODELS = os.environ.get("BENCH_SELF_MODELS", "mnv2_slim_unet_*")
REFERENCE = "mnv2_slim_unet_0.35_128"
PLAN = Plan(target=0.02, limit_s=LIMIT_S, loop=Loop(turns=Turns()))
TFLITE, ONNX = ("tflite", "litert", "fp16"), ("onnx", "onnxruntime", "int8")


@dataclass(frozen=True, kw_only=True)
class Zoo:
    """Every variant in fp32 and in one other precision, all beside the lightest in fp32."""

    format: str
    runtime: str
    precision: str
    results: Results

    @property
    def reference(self) -> str:
        return self.named(REFERENCE, "fp32")

    def named(self, model: str, precision: str) -> str:
        return f"{model} {self.runtime} {precision}"

    def runs(self, load: str, factory: pytest.TempPathFactory, times: int) -> list[Row]:
        """Those that are there already, and the others measured."""
        settings = {"load": load, "limit_s": LIMIT_S, "models": MODELS}
        done = {row["run"] for row in self.results.having(**settings)}
        missing = any(run not in done for run in range(times))
        work = self.work(factory) if missing else []
        return [
            self.results.once(partial(self.measured, work, load, run), run=run, **settings)
            for run in range(times)
        ]

    def work(self, factory: pytest.TempPathFactory) -> list[Work]:
        names = [spec.name for spec in select([MODELS])]
        precisions = ("fp32", self.precision)
        home = exported_home(factory, names, [self.format], precisions)
        found = [work_of(home, n, self.runtime, precision=p) for n in names for p in precisions]
        (chosen,) = (one for one in found if file_name(one.request) == self.reference)
        return [one if one is chosen else replace(one, reference=chosen.request) for one in found]

    def measured(self, work: Sequence[Work], load: str, run: int) -> Row:
        plan, started = PLAN.model_copy(update={"seed": run}), time.monotonic()
        with under(load):
            sessions = list(measure(HostDevice(), work, plan))
        took_s = time.monotonic() - started
        self.results.keep(sessions, f"{load}-{run}")
        counted = Known.of(sessions, plan).counted
        return {
            "seconds": took_s,
            "sessions": len(counted),
            "failures": [s.failure.reason for s in sessions if s.failure],
            "passes": effects_by_pass(counted),
            "p50_ms": p50_by_file(counted),
        }

    def logs(self, row: Row) -> dict[str, float]:
        """The logarithm of each file's ratio to the reference."""
        files = sorted(files_in(row["passes"]) - {self.reference})
        passes = row["passes"]
        return {file: math.log(ratio_of(passes, file, self.reference).value) for file in files}

    def widths(self, row: Row) -> list[float]:
        """Half the intervals, in per cent; one that is not known is as wide as can be."""
        files = files_in(row["passes"]) - {self.reference}
        found = [ratio_of(row["passes"], file, self.reference).half_width for file in files]
        return [math.inf if width is None else 100 * width for width in found]

    def twins(self, row: Row) -> list[Ratio]:
        """Of each variant, the other precision to fp32."""
        passes, files = row["passes"], files_in(row["passes"])
        fp32 = [file for file in sorted(files) if file.endswith("fp32")]
        twin = {file: file.removesuffix("fp32") + self.precision for file in fp32}
        return [ratio_of(passes, twin[file], file) for file in fp32 if twin[file] in files]

    def alike(self, row: Row, other: Row) -> float:
        """How alike two runs rank the fp32 files: 1 where the order is the same."""
        logs, others = ({self.reference: 0.0} | self.logs(one) for one in (row, other))
        fp32 = sorted(file for file in logs if file.endswith("fp32") and file in others)
        return float(kendalltau([logs[f] for f in fp32], [others[f] for f in fp32]).statistic)


def told_of(zoo: Zoo, name: str, rows: Sequence[Row], figure: Figure) -> None:
    """What is said of any zoo, and how alike its runs rank its fp32 files."""
    figure(f"{name}: runs", len(rows), "")
    figure(f"{name}: longest run", max(row["seconds"] for row in rows), "s")
    figure(f"{name}: fewest passes of a run", min(len(row["passes"]) for row in rows), "")
    figure(f"{name}: sessions kept", sum(row["sessions"] for row in rows), "")
    failed = sum(len(row["failures"]) for row in rows)
    figure(f"{name}: sessions that failed", failed, "")
    widths = [zoo.widths(row) for row in rows]
    of_runs = {"middle": [*map(median, widths)], "widest": [*map(max, widths)]}
    for file, found in of_runs.items():
        figure(f"{name}: half width of the {file} file, median of runs", median(found), "%")
        figure(f"{name}: half width of the {file} file, worst run", max(found), "%")
    if len(rows) > 1:
        tau = min(starmap(zoo.alike, pairwise(rows)))
        figure(f"{name}: Kendall's tau of the fp32 files, two runs in a row, least", tau, "")


def twins_of(zoo: Zoo, name: str, rows: Sequence[Row], figure: Figure) -> None:
    """How far from 1 the ratio of the other precision to fp32 is."""
    ratios = [zoo.twins(row) for row in rows]
    off = [math.sqrt(fmean((ratio.value - 1) ** 2 for ratio in found)) for found in ratios]
    every = [ratio for found in ratios for ratio in found]
    held = sum(ratio.low is not None and not ratio.differs for ratio in every)
    twins = f"{name}: {zoo.precision}/fp32"
    figure(f"{twins}, rms from 1, worst run", 100 * max(off), "%")
    figure(f"{twins}, intervals that hold 1, of {len(every)}", held, "")


@each_load
def test_tflite_zoo(tmp_path_factory: pytest.TempPathFactory, figure: Figure, load: str) -> None:
    zoo = zoo_of(tmp_path_factory, TFLITE)
    rows = zoo.runs(load, tmp_path_factory, count("RUNS", 2))
    told_of(zoo, f"zoo, {load}", rows, figure)
    twins_of(zoo, f"zoo, {load}", rows, figure)


def test_tflite_zoo_on_a_busy_machine_is_as_on_a_quiet_one(
    tmp_path_factory: pytest.TempPathFactory, figure: Figure
) -> None:
    zoo = zoo_of(tmp_path_factory, TFLITE)
    settings = {"limit_s": LIMIT_S, "models": MODELS}
    quiet, busy = (zoo.results.having(load=load, **settings) for load in ("quiet", "busy"))
    if not quiet or not busy:
        pytest.skip("one of the loads has not been measured yet")
    logs = {load: [zoo.logs(row) for row in rows] for load, rows in (("q", quiet), ("b", busy))}
    files = sorted(set.intersection(*(set(each) for each in [*logs["q"], *logs["b"]])))
    moved = [fmean(r[f] for r in logs["b"]) - fmean(r[f] for r in logs["q"]) for f in files]
    latency = [math.log(fmean(row["p50_ms"][file] for row in quiet)) for file in files]
    figure("zoo, busy against quiet: runs of each, the fewer", min(len(quiet), len(busy)), "")
    rms = 100 * float(np.sqrt(np.mean(np.square(moved))))
    figure(f"zoo, busy against quiet: rms of {len(files)} ratios", rms, "%")
    line = linregress(latency, moved)
    half = float(stdtrit(len(files) - 2, 0.975)) * 100 * float(line.stderr)
    name = f"zoo, busy against quiet: slope by log latency (95 %: +-{half:.2f})"
    figure(name, 100 * float(line.slope), "% per e-fold")


@each_load
def test_onnx_zoo(tmp_path_factory: pytest.TempPathFactory, figure: Figure, load: str) -> None:
    """One run. int8 has a time of its own, so that it has no twin."""
    zoo = zoo_of(tmp_path_factory, ONNX)
    told_of(zoo, f"onnx, {load}", zoo.runs(load, tmp_path_factory, 1), figure)


def zoo_of(factory: pytest.TempPathFactory, kind: tuple[str, str, str]) -> Zoo:
    format, runtime, precision = kind
    results = Results(factory, f"zoo-{format}")
    return Zoo(format=format, runtime=runtime, precision=precision, results=results)
