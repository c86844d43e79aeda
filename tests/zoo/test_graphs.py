"""Every exported file: what is in its graph, and what it says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from commands import TINY, Chain

from zoo.artifact.tflite_graph import read_graph, read_model
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path
from zoo.export.targets import TARGETS, Target
from zoo.registry import get

SPEC = get(TINY)
DOCUMENTED = Path(__file__).parents[2] / "docs" / "operators.md"


def of(format: str) -> list[Target]:
    return [target for target in TARGETS if target.format == format]


def path_of(chain: Chain, target: Target) -> Path:
    return chain.home.artifact(SPEC, target.format, target.precision)


def mil_program(package: Path) -> Any:
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model()
    model.ParseFromString((package / "Data/com.apple.CoreML/model.mlmodel").read_bytes())
    return model


def mil_operators(package: Path) -> Iterator[str]:
    for function in mil_program(package).mlProgram.functions.values():
        for block in function.block_specializations.values():
            yield from (operation.type for operation in block.operations)


def operators(path: Path) -> list[str]:
    match path.suffix:
        case ".onnx":
            return [node.op_type for node in onnx.load(path).graph.node]
        case ".tflite":
            return list(read_graph(path).operators)
    return [each for each in mil_operators(path) if each != "const"]


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.key)
def test_every_operator_is_one_that_accelerators_are_known_to_take(
    chain: Chain, target: Target
) -> None:
    cells = re.findall(r"^\| ([^|]+) \|", DOCUMENTED.read_text(), re.MULTILINE)
    documented = {word for cell in cells for word in re.findall(r"\w+", cell)}
    found = set(operators(path_of(chain, target)))
    assert found <= documented, f"not in docs/operators.md: {found - documented}"


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.key)
def test_nothing_is_left_that_folding_and_fusing_take_away(chain: Chain, target: Target) -> None:
    found = operators(path_of(chain, target))
    unwanted = {"BatchNormalization", "batch_norm", "Transpose", "transpose", "TRANSPOSE"}
    unwanted |= {"Reshape", "reshape", "RESHAPE", "PAD", "SUB", "MUL", "RELU6", "Pad"}
    if target.precision == "int8":
        unwanted |= {"Clip"}  # the scale of a convolution's output says where it ends
    assert not unwanted & set(found)
    convolutions = [each for each in found if "conv" in each.lower()]
    assert len(convolutions) == 68


@pytest.mark.parametrize("target", of("tflite"), ids=lambda t: t.key)
def test_tflite_shapes_are_fixed_and_activations_fused(chain: Chain, target: Target) -> None:
    model = read_model(path_of(chain, target))
    [graph] = model.subgraphs
    signatures = [tensor.shapeSignature for tensor in graph.tensors]
    assert not any(signature is not None and -1 in signature for signature in signatures)
    relu6 = schema.ActivationFunctionType.RELU6
    fused = [getattr(op.builtinOptions, "fusedActivationFunction", 0) for op in graph.operators]
    assert fused.count(relu6) == 40


@pytest.mark.parametrize("target", of("onnx"), ids=lambda t: t.key)
def test_onnx_says_what_it_is(chain: Chain, target: Target) -> None:
    path = path_of(chain, target)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [given], [result] = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == ("image", [1, 3, 128, 128], "tensor(float)")
    assert (result.name, result.shape, result.type) == ("mask", [1, 1, 128, 128], "tensor(float)")
    told = session.get_modelmeta().custom_metadata_map
    assert told["name"] == TINY
    assert told["precision"] == target.precision
    assert told["classes"] == "background, hair"
    assert told["checkpoint_sha256"] == sha256_of(checkpoint_path(chain.home, SPEC))
    assert {"version", "licence", "input_range", "trained_on"} <= set(told)


@pytest.mark.parametrize("target", of("tflite"), ids=lambda t: t.key)
def test_tflite_holds_litert_metadata(chain: Chain, target: Target) -> None:
    model = read_model(path_of(chain, target))
    [entry] = [each for each in model.metadata if each.name == b"TFLITE_METADATA"]
    told = bytes(model.buffers[entry.buffer].data)
    assert told[4:8] == b"M001"
    for text in (TINY, "MIT", sha256_of(checkpoint_path(chain.home, SPEC)), "image", "mask"):
        assert text.encode() in told


@pytest.mark.parametrize("target", of("coreml"), ids=lambda t: t.key)
def test_core_ml_is_previewed_by_xcode(chain: Chain, target: Target) -> None:
    description = mil_program(path_of(chain, target)).description
    told = description.metadata
    assert told.userDefined["com.apple.coreml.model.preview.type"] == "imageSegmenter"
    preview = json.loads(told.userDefined["com.apple.coreml.model.preview.params"])
    assert preview["labels"] == ["background", "hair"]
    assert told.userDefined["checkpoint_sha256"] == sha256_of(checkpoint_path(chain.home, SPEC))
    assert told.versionString
    assert "MIT" in told.license
    [given], [result] = description.input, description.output
    assert (given.name, given.type.imageType.width, given.type.imageType.height) == (
        "image",
        128,
        128,
    )
    assert (result.name, list(result.type.multiArrayType.shape)) == ("mask", [1, 1, 128, 128])
