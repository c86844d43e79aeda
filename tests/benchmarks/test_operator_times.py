"""What int8 does to each kind of operator here: `pytest tests/benchmarks/test_operator_times.py`.

x86 says nothing of a phone; the table is there to tell what a slower int8 file is slow at.
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

SPEC = get("mnv2_slim_unet_0.5_224")
REPEATS = 200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The weights of the package, scaled by its ranges."""
    home = Home(root=tmp_path_factory.mktemp("home"))
    take(home, SPEC)
    calibrate(home, SPEC, None)
    wanted = targets(["onnx", "tflite"], ["fp32", "int8"])
    for _, _, outcome in export(home, [(SPEC, target) for target in wanted], jobs=2):
        assert isinstance(outcome, Artifact), outcome
    return home


def litert_us(path: Path) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for name, us in operator_times_us(path, REPEATS):
        total[name] += us
    return total


def onnxruntime_us(path: Path, folder: Path) -> dict[str, float]:
    """By its own profiler, after its own fusions."""
    options, _ = session_options(path, threads=1)
    options.enable_profiling, options.profile_file_prefix = True, str(folder / path.stem)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, 3, SPEC.size, SPEC.size), dtype=np.float32)
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
    for precision in ("fp32", "int8"):
        if runtime == "litert":
            found = litert_us(home.artifact(SPEC, "tflite", precision))
        else:
            found = onnxruntime_us(home.artifact(SPEC, "onnx", precision), tmp_path)
        assert found
        for operator, us in sorted(found.items(), key=lambda each: -each[1]):
            figure(f"{SPEC.name}, {runtime}, {precision}, {operator}", us, "us")
