"""What a process that holds all files of a pass costs, and whether it moves their figures.

Passes in a shared process alternate with passes of a process a file. How many of each, by default:
BENCH_SELF_PASSES 8. BENCH_SELF_MODELS as in test_protocol_zoo.py.
"""

from __future__ import annotations

import itertools
import math
import os
import secrets
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from busy import each_load, under
from effects_by_pass import effects_by_pass, p50_by_file
from exported import exported_home, work_of
from numpy.typing import NDArray
from recorded_results import Results, Row, count
from self_figures import Figure

from bench.sessions.record import Plan
from bench.statistics.ratios import ratio_over_passes
from bench.turns import pass_in_turns
from bench.work.item import Work
from devices.base import OpenRun
from devices.host.device import HostDevice, HostTogether
from devices.records import Loop, RunRequest, Turns
from zoo.home import Home
from zoo.registry import select

MODELS = os.environ.get("BENCH_SELF_MODELS", "mnv2_slim_unet_*")
PLAN = Plan(loop=Loop(turns=Turns()), memory=False)
# How many ONNX files stand among the TFLite ones.
FEW_ONNX = 3
MOST_GB = 3
FILES = {
    "tflite": [("litert", "fp32"), ("litert", "fp16")],
    "onnx": [("onnxruntime", "fp32"), ("onnxruntime", "int8")],
}


class ApartDevice(HostDevice):
    """The host, with a process for each file."""

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> HostTogether:
        return super().open_together(asked, {request for request, _ in asked})


WAYS = {"shared": HostDevice, "apart": ApartDevice}


def variants() -> list[str]:
    return [spec.name for spec in select([MODELS])]


def home_of(factory: pytest.TempPathFactory, format: str, *precisions: str) -> Home:
    return exported_home(factory, variants(), [format], precisions)


def work_in(home: Home, kinds: Sequence[tuple[str, str]]) -> list[Work]:
    return [work_of(home, n, runtime, precision=p) for runtime, p in kinds for n in variants()]


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_memory_of_a_pass(
    tmp_path_factory: pytest.TempPathFactory, figure: Figure, format: str
) -> None:
    kinds = FILES[format]
    work = work_in(home_of(tmp_path_factory, format, *(p for _, p in kinds)), kinds)
    asked = [(one.request, one.artifact) for one in work]
    with HostDevice().open_together(asked) as together:
        assert all(isinstance(run, OpenRun) for run in together.runs)
        assert together.shared
        resident = psutil.Process(together.shared.pid).memory_info().rss
    name = f"memory of a process that holds {len(work)} {format} files"
    figure(name, resident / 1e9, "GB", at_most=MOST_GB)


@each_load
def test_files_in_one_process_are_as_each_in_its_own(
    tmp_path_factory: pytest.TempPathFactory, figure: Figure, load: str
) -> None:
    results, times = Results(tmp_path_factory, "shared-process"), count("PASSES", 8)
    settings = {"load": load, "models": MODELS}
    if len(results.having(**settings)) < times * len(WAYS):
        tflite = work_in(home_of(tmp_path_factory, "tflite", "fp32", "fp16"), FILES["tflite"])
        onnx = work_in(home_of(tmp_path_factory, "onnx", "fp32"), FILES["onnx"][:1])
        spread = np.linspace(0, len(onnx) - 1, FEW_ONNX).astype(int)
        work = [*tflite, *(onnx[place] for place in spread)]
        with under(load):
            for number in range(times):
                # Who is first changes from pass to pass.
                for way in list(WAYS) if number % 2 else [*WAYS][::-1]:
                    make = partial(one_pass, way, work, number)
                    results.once(make, way=way, number=number, **settings)
    rows = {way: results.having(way=way, **settings)[:times] for way in WAYS}
    name = f"shared process, {load}"
    for way, found in rows.items():
        figure(f"{name}: passes {way}", len(found), "")
        figure(f"{name}: time of a pass {way}", float(np.mean([r["seconds"] for r in found])), "s")
    compare(name, rows, figure)


def one_pass(way: str, work: Sequence[Work], number: int) -> Row:
    """Both ways take their turns in the same order."""
    started = time.monotonic()
    batch, position = secrets.token_hex(6), itertools.count()
    sessions = list(pass_in_turns(WAYS[way](), work, PLAN, batch, number, position, []))
    took_s = time.monotonic() - started
    assert not [s.failure for s in sessions if s.failure]
    (effects,) = effects_by_pass(sessions).values()
    return {"seconds": took_s, "effects": effects, "p50_ms": p50_by_file(sessions)}


def compare(name: str, rows: dict[str, list[Row]], figure: Figure) -> None:
    """The shared process over a process a file. A pass of one way stands beside that of the other
    that was taken next to it, and such pairs are the replicates."""
    shared, apart = (sorted(rows[way], key=lambda row: row["number"]) for way in WAYS)
    files = sorted(shared[0]["effects"])
    moved = np.array([[row["effects"][file] for file in files] for row in shared])
    moved -= np.array([[row["effects"][file] for file in files] for row in apart])
    by_file = moved.mean(axis=0)
    noise = moved.var(axis=0, ddof=1) / len(moved)
    figure(f"{name}: rms of the moves of {len(files)} files", 100 * rms(by_file), "%")
    expected = 100 * math.sqrt(float(noise.mean()))
    figure(f"{name}: rms expected from noise", expected, "%")
    latency = np.log([np.mean([row["p50_ms"][file] for row in apart]) for file in files])
    onnx = np.array(["onnxruntime" in file for file in files])
    told_share(f"{name}: onnx minus tflite", moved @ contrast(onnx.astype(float)), figure)
    # Within TFLite, so that the shift of ONNX is no part of it.
    slopes = moved[:, ~onnx] @ contrast(latency[~onnx])
    told_share(f"{name}: slope by log latency of TFLite, an e-fold", slopes, figure)


def contrast(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the files that give the slope by these values, by least squares."""
    centred = values - values.mean()
    found: NDArray[np.float64] = centred / float(centred @ centred)
    return found


def told_share(name: str, logs: NDArray[np.float64], figure: Figure) -> None:
    """The mean over the pairs, with its interval by Student's t in the name."""
    ratio = ratio_over_passes(logs.tolist())
    sides = [100 * math.log(side) for side in (ratio.low, ratio.high) if side is not None]
    interval = f" (95 %: {sides[0]:+.2f} to {sides[1]:+.2f} %)" if sides else ""
    figure(name + interval, 100 * math.log(ratio.value), "%")


def rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
