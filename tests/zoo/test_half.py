"""Files in fp16: what is in them, what their figures are of, and that no image overflows them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from commands import TINY, Chain, invoke
from numpy.typing import NDArray

from train.synthetic.scene import portrait
from zoo import registry
from zoo.artifact.half import LARGEST_HALF, largest_inside
from zoo.artifact.manifest import read_manifest
from zoo.artifact.tflite_graph import read_model
from zoo.box import take
from zoo.checkpoint import checkpoint_path, load
from zoo.export.fold import folded
from zoo.home import Home
from zoo.registry import get
from zoo.resizing import to_input
from zoo.runtime.processor import computes_in_half
from zoo.runtime.runtime import open_model
from zoo.spec import ZOO

SPEC = get(TINY)
HERE = not computes_in_half("onnxruntime")
in_fp32 = pytest.mark.skipif(not HERE, reason="onnxruntime computes in fp16 on this processor")


def image() -> NDArray[np.float32]:
    return to_input(portrait(3, 0)[0], SPEC.size)


def mask(path: Path, runtime: str = "onnxruntime") -> NDArray[np.float32]:
    return open_model(path, runtime, 1).predict(image())


def rounded(source: Path, path: Path) -> Path:
    """The fp32 file with each of its weights rounded to fp16."""
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            half = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(half.astype(np.float32), tensor.name))
    onnx.save(model, path)
    return path


@in_fp32
@pytest.mark.parametrize("precision", ["fp16", "fp16a"])
def test_onnx_computes_rounded_weights_in_fp32(
    chain: Chain, tmp_path: Path, precision: str
) -> None:
    """So that no figure of this machine says anything of fp16 arithmetic."""
    whole = rounded(chain.home.artifact(SPEC, "onnx", "fp32"), tmp_path / "rounded.onnx")
    half = chain.home.artifact(SPEC, "onnx", precision)
    assert np.abs(mask(whole) - mask(half)).max() < 1e-6
    artifact = read_manifest(chain.home, SPEC).artifacts[f"onnx.{precision}"]
    assert artifact.accuracy is not None
    assert artifact.accuracy.computed_in == "fp32"
    assert artifact.half is not None
    assert artifact.half.runtime == "torch, in fp16"
    assert abs(artifact.half.judgement.difference.value) < 0.02


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="of x86 alone")
def test_every_clip_of_fp16_is_taken_into_its_convolution(chain: Chain, tmp_path: Path) -> None:
    """As in fp32. All in fp16 none is: the file takes a third longer."""
    left = {}
    for precision in ("fp32", "fp16", "fp16a"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = str(tmp_path / f"{precision}.onnx")
        path = chain.home.artifact(SPEC, "onnx", precision)
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        operators = [n.op_type for n in onnx.load(options.optimized_model_filepath).graph.node]
        left[precision] = operators.count("Clip")
    assert left["fp32"] == left["fp16"] == 0
    assert left["fp16a"] > 0


def test_a_report_of_files_says_what_the_figure_is_of(chain: Chain) -> None:
    text = invoke("models", "--model", TINY, "--long").output
    (line,) = [line for line in text.splitlines() if "computed in fp32" in line]
    assert "IoU is of its weights" in line
    assert "tflite.fp32" not in line
    assert "in fp16 arithmetic, by torch" in text


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8", "int8w"])
def test_readers_of_the_older_operator_field_read_the_same(chain: Chain, precision: str) -> None:
    path = chain.home.artifact(SPEC, "tflite", precision)
    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    codes = [model.OperatorCodes(place) for place in range(model.OperatorCodesLength())]
    assert [code.DeprecatedBuiltinCode() for code in codes] == [
        min(code.BuiltinCode(), 127) for code in codes
    ]
    assert len({code.BuiltinCode() for code in codes}) == len(codes)


def test_tflite_has_no_constant_left_in_fp32(chain: Chain) -> None:
    model = read_model(chain.home.artifact(SPEC, "tflite", "fp16"))
    graph = model.subgraphs[0]
    stored = [t for t in graph.tensors if model.buffers[t.buffer].data is not None]
    kinds = {tensor.type for tensor in stored if len(tensor.shape) and tensor.shape[0] > 2}
    assert kinds == {schema.TensorType.FLOAT16}
    assert np.abs(
        mask(chain.home.artifact(SPEC, "tflite", "fp16"), "litert")
        - mask(chain.home.artifact(SPEC, "onnx", "fp16"))
    ).max() == pytest.approx(0, abs=1e-4)


EXTREMES: dict[str, Callable[[int], NDArray[Any]]] = {
    "black": lambda size: np.zeros((1, 3, size, size)),
    "white": lambda size: np.ones((1, 3, size, size)),
    "pixels": lambda size: np.indices((1, 3, size, size)).sum(0) % 2,
    "noise": lambda size: np.random.default_rng(0).integers(0, 2, (1, 3, size, size)),
    "portrait": lambda size: to_input(portrait(5, 1)[0], size),
}


def largest_seen(network: torch.nn.Module, images: Sequence[NDArray[np.float32]]) -> float:
    seen: list[float] = []
    for module in network.modules():
        module.register_forward_hook(lambda m, i, out: seen.append(float(out.abs().max())))
    with torch.inference_mode():
        for given in images:
            network(torch.from_numpy(given))
    return max(seen)


@pytest.mark.parametrize("width", ["0.35", "0.5", "0.75", "1.0"])
def test_no_image_overflows_fp16(home: Home, width: str) -> None:
    """Shown for the package's weights whatever the image is, and seen for extreme ones."""
    for size in registry.ARCHITECTURES[ZOO].sizes:
        spec = get(f"{ZOO}_{width}_{size}")
        take(home, spec)
        network = folded(load(checkpoint_path(home, spec))[0])
        bound = largest_inside(network, size)
        assert bound < LARGEST_HALF
        images = [np.asarray(make(size), np.float32) for make in EXTREMES.values()]
        assert largest_seen(network, images) <= bound


def test_weights_that_may_overflow_are_told(home: Home) -> None:
    take(home, SPEC)
    network = folded(load(checkpoint_path(home, SPEC))[0])
    with torch.no_grad():
        before = largest_inside(network, SPEC.size)
        convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
        convolutions[0].weight.mul_(1e6)
        assert before < LARGEST_HALF
        assert largest_inside(network, SPEC.size) > LARGEST_HALF


@pytest.mark.parametrize(
    ("runtime", "machine", "system", "features", "half"),
    [
        ("onnxruntime", "aarch64", "Linux", "Features : fp asimd asimdhp", True),
        ("onnxruntime", "aarch64", "Linux", "Features : fp asimd", False),
        ("onnxruntime", "arm64", "Darwin", "Features : asimdhp", False),
        ("onnxruntime", "x86_64", "Linux", "flags : avx512_fp16", False),
        ("litert", "aarch64", "Linux", "Features : asimdhp", False),
        ("coreml", "arm64", "Darwin", "", True),
    ],
)
def test_who_computes_in_fp16(
    tmp_path: Path, runtime: str, machine: str, system: str, features: str, half: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(features + "\n")
    assert computes_in_half(runtime, machine, system, tmp_path / "cpuinfo") is half
