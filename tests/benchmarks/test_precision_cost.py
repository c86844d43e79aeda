"""What each precision takes of fp32's time in both runtimes, and what it took as made before.

    BENCH_SELF_OUTPUT=docs/measured/precision/costs-now.md \\
        .venv/bin/python -m pytest tests/benchmarks/test_precision_cost.py -p no:cacheprovider -s

One run a runtime, all files in the same passes. "before": int8 ONNX with unsigned weights, fp16
ONNX with Clip in fp16 (now fp16a), fp16 TFLite with biases in fp32. BENCH_SELF_MODEL: another
variant.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from exported import file_work, write_exports
from self_figures import Figure
from unsigned_worker import MARK

from bench.protocol import Known, measure
from bench.sessions.record import Plan
from bench.work.item import Work
from devices.host.device import HostDevice
from devices.records import Loop, Turns
from zoo.home import Home
from zoo.registry import get
from zoo.runtime.processor import int8_products_overflow

SPEC = get(os.environ.get("BENCH_SELF_MODEL", "mnv2_slim_unet_0.5_224"))
PRECISIONS = {
    "onnx": ("fp32", "fp16", "fp16a", "int8"),
    "tflite": ("fp32", "fp16", "int8", "int8w"),
}
PLAN = Plan(sessions=12, max_sessions=24, target=0.01, memory=False, loop=Loop(turns=Turns()))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(root=tmp_path_factory.mktemp("home"))
    for format, precisions in PRECISIONS.items():
        write_exports(home, [SPEC.name], [format], precisions)
    return home


def beside_fp32(home: Home, format: str, runtime: str, before: dict[str, Path]) -> list[Work]:
    paths = {p: home.artifact(SPEC, format, p) for p in PRECISIONS[format]} | before
    work = [file_work(path, p, SPEC.size, runtime, 1, p) for p, path in paths.items()]
    fp32 = work[0].request
    return [work[0], *(replace(one, reference=fp32) for one in work[1:])]


def told(work: list[Work], device: HostDevice, runtime: str, figure: Figure) -> None:
    known = Known.of(list(measure(device, work, PLAN)), PLAN)
    for one in work[1:]:
        ratio = known.ratio(one)
        assert ratio is not None
        assert ratio.low is not None
        name = f"{SPEC.name}, {runtime}, {one.request.precision} / fp32"
        figure(f"{name} [{ratio.low:.3f}, {ratio.high:.3f}]", ratio.value, "")


def test_onnxruntime(
    home: Home, tmp_path: Path, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    before = tmp_path / f"{MARK}.onnx"
    shutil.copy(home.artifact(SPEC, "onnx", "int8"), before)
    figure("products of int8 would overflow on this processor", int8_products_overflow(), "")
    work = beside_fp32(home, "onnx", "onnxruntime", {"int8 before": before})
    told(work, HostDevice(worker="unsigned_worker"), "onnxruntime", figure)


def test_litert(home: Home, tmp_path: Path, figure: Figure) -> None:
    before = tmp_path / "biases.tflite"
    before.write_bytes(_with_biases_in_fp32(home.artifact(SPEC, "tflite", "fp32")))
    work = beside_fp32(home, "tflite", "litert", {"fp16 before": before})
    told(work, HostDevice(), "litert", figure)


def _with_biases_in_fp32(source: Path) -> bytes:
    from ai_edge_quantizer import quantizer

    recipe = quantizer.Quantizer(str(source))
    recipe.add_weight_only_config(
        regex=".*",
        operation_name=quantizer.qtyping.TFLOperationName.ALL_SUPPORTED,
        num_bits=16,
        algorithm_key=quantizer.AlgorithmName.FLOAT_CASTING,
    )
    return bytes(recipe.quantize().quantized_model)
