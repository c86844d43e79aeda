"""Where an exported file departs from torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import TINY, invoke

from zoo.artifact.manifest import manifest_path
from zoo.base.files import sha256_of
from zoo.home import Home
from zoo.registry import get

SPEC = get(TINY)
SPOILED = 30


@pytest.mark.parametrize(
    ("format", "precision"),
    [("onnx", "fp32"), ("tflite", "fp32"), ("onnx", "fp16"), ("tflite", "int8w")],
)
def test_no_layer_of_a_good_file_departs(elsewhere: Home, format: str, precision: str) -> None:
    path = elsewhere.artifact(SPEC, format, precision)
    found = json.loads(invoke("explain", str(path), "--json").output)
    assert found["first"] is None
    assert len(found["layers"]) == 86
    assert path.with_name(f"{path.name}.layers.png").stat().st_size > 10_000


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_the_layers_of_int8_files_are_all_compared(elsewhere: Home, format: str) -> None:
    path = elsewhere.artifact(SPEC, format, "int8")
    found = json.loads(invoke("explain", str(path), "--json").output)
    errors = [layer["error"] for layer in found["layers"]]
    assert len(errors) == 86
    assert 1e-3 < errors[0] < 0.1  # eight bits of a first layer: neither none nor much


def spoil(path: Path) -> None:
    """Make one convolution of the file twice as strong."""
    model = onnx.load(path)
    node = [each for each in model.graph.node if each.op_type == "Conv"][SPOILED]
    [weight] = [each for each in model.graph.initializer if each.name == node.input[1]]
    values = onnx.numpy_helper.to_array(weight) * np.float32(2)
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save_model(model, path)


def test_the_first_layer_that_departs_is_named(elsewhere: Home) -> None:
    path = elsewhere.artifact(SPEC, "onnx", "fp32")
    spoil(path)
    stored = json.loads(manifest_path(elsewhere, SPEC).read_bytes())
    stored["artifacts"]["onnx.fp32"]["sha256"] = sha256_of(path)
    manifest_path(elsewhere, SPEC).write_text(json.dumps(stored))
    found = json.loads(invoke("explain", str(path), "--json").output)
    convolutions = [layer["name"] for layer in found["layers"] if layer["kind"] == "conv"]
    assert found["first"] == convolutions[SPOILED]
    assert f"the first beyond it: {found['first']}" in invoke("explain", str(path)).output


def test_a_foreign_file_is_refused(elsewhere: Home, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not a model")
    assert "is in no manifest" in invoke("explain", str(other), status=1).output
