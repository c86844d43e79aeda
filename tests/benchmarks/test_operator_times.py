"""Where the time goes by kind of operator, and what int8 does to each.

x86 says nothing of a phone; the table tells what a slower file is slow at.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from self_figures import Figure
from single_operators import operator_times_us

from train.proof.calibrate import calibrate
from zoo.artifact.manifest import Artifact
from zoo.box import take
from zoo.export.run import export
from zoo.export.targets import targets
from zoo.home import Home
from zoo.registry import get
from zoo.runtime.engines import session_options
from zoo.spec import ZOO

SMALL, MIDDLE, LARGE = (get(f"{ZOO}_{one}") for one in ("0.35_128", "0.5_224", "1.0_224"))
FILES = ((SMALL, "fp32"), (MIDDLE, "fp32"), (LARGE, "fp32"), (MIDDLE, "int8"))
REPEATS = 200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The weights of the package, scaled by its ranges."""
    home = Home(root=tmp_path_factory.mktemp("home"))
    for spec in (SMALL, MIDDLE, LARGE):
        take(home, spec)
        calibrate(home, spec, None)
    wanted = [(s, t) for s, precision in FILES for t in targets(["onnx", "tflite"], [precision])]
    for _, _, outcome in export(home, wanted, jobs=2):
        assert isinstance(outcome, Artifact), outcome
    return home


def litert_us(path: Path) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for name, us in operator_times_us(path, REPEATS):
        total[name] += us
    return total


def onnxruntime_us(path: Path, size: int, folder: Path) -> dict[str, float]:
    """By its own profiler, after its own fusions."""
    options, _ = session_options(path, threads=1)
    options.enable_profiling, options.profile_file_prefix = True, str(folder / path.stem)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32)
    for _ in range(REPEATS):
        session.run(None, {"image": image})
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in json.loads(Path(session.end_profiling()).read_text()):
        if event["name"].endswith("_kernel_time"):
            times[event["args"]["op_name"], event["name"]].append(event["dur"])
    total: dict[str, float] = defaultdict(float)
    for (operator, _), durations in times.items():
        total[operator] += float(np.median(durations))
    return total


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_time_by_operator(home: Home, tmp_path: Path, figure: Figure, runtime: str) -> None:
    for spec, precision in FILES:
        if runtime == "litert":
            found = litert_us(home.artifact(spec, "tflite", precision))
        else:
            found = onnxruntime_us(home.artifact(spec, "onnx", precision), spec.size, tmp_path)
        assert found
        for operator, us in sorted(found.items(), key=lambda each: -each[1]):
            figure(f"{spec.name}, {runtime}, {precision}, {operator}", us, "us")
