"""Small ONNX models that are not the zoo's: sound ones, and ones that go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

SIDE = 96
Shape = Sequence[int | str]


def write_convolutions(
    path: Path, layers: int = 4, *, channels: int = 16, scale: float = 0.05
) -> Path:
    """A stack of 3x3 convolutions over [1, channels, 96, 96]: its time grows with its layers.
    scale: the deviation of its weights."""
    generator = np.random.default_rng(0)
    shape = [1, channels, SIDE, SIDE]
    weights, nodes, last = [], [], "x"
    for layer in range(layers):
        kernel = generator.normal(0, scale, (channels, channels, 3, 3)).astype(np.float32)
        weights.append(onnx.numpy_helper.from_array(kernel, f"w{layer}"))
        result = "y" if layer == layers - 1 else f"h{layer}"
        nodes.append(helper.make_node("Conv", [last, f"w{layer}"], [result], pads=[1, 1, 1, 1]))
        last = result
    return _write(path, nodes, {"x": (TensorProto.FLOAT, shape)}, shape, weights)


def write_two_inputs(path: Path) -> Path:
    """A picture of bytes and an index: [batch, 3, 8, 8] uint8 and [1] int64."""
    nodes = [
        helper.make_node("Cast", ["picture"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["floats", "index"], ["y"], axis=1),
    ]
    inputs: dict[str, tuple[int, Shape]] = {
        "picture": (TensorProto.UINT8, ["batch", 3, 8, 8]),
        "index": (TensorProto.INT64, [1]),
    }
    return _write(path, nodes, inputs, ["batch", 1, 8, 8])


def write_not_a_number(path: Path) -> Path:
    """The logarithm of what is below zero."""
    nodes = [helper.make_node("Neg", ["x"], ["n"]), helper.make_node("Log", ["n"], ["y"])]
    return _write(path, nodes, {"x": (TensorProto.FLOAT, [1, 8])}, [1, 8])


def write_greedy(path: Path) -> Path:
    """Asks for 4 TB when it is run."""
    shape = helper.make_tensor("s", TensorProto.INT64, [1], [10**12])
    zero = helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5])
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["big"], value=zero),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=1),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    return _write(path, nodes, {"x": (TensorProto.FLOAT, [1])}, [1], [shape])


def write_free_shape(path: Path) -> Path:
    """Width and height are known only when it runs."""
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    free: Shape = [1, 3, "height", "width"]
    return _write(path, nodes, {"x": (TensorProto.FLOAT, free)}, free)


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Shape]],
    output: Shape,
    weights: Sequence[onnx.TensorProto] = (),
) -> Path:
    given = [helper.make_tensor_value_info(n, t, shape) for n, (t, shape) in inputs.items()]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, output)
    graph = helper.make_graph(nodes, "own", given, [result], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path


def write_external(path: Path, seed: int, data: str = "weights.bin") -> Path:
    """A convolution whose weights lie in another file, beside it: its graph is always the same."""
    kernel = np.random.default_rng(seed).normal(0, 0.05, (16, 16, 3, 3)).astype(np.float32)
    weights = onnx.numpy_helper.from_array(kernel, "w")
    shape = [1, 16, SIDE, SIDE]
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    _write(path, nodes, {"x": (TensorProto.FLOAT, shape)}, shape, [weights])
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=data, size_threshold=0)
    return path


def write_log(path: Path) -> Path:
    """The logarithm of nothing, as of a class that is never there: minus infinity."""
    nodes = [helper.make_node("Sub", ["x", "x"], ["n"]), helper.make_node("Log", ["n"], ["y"])]
    return _write(path, nodes, {"x": (TensorProto.FLOAT, [1, 8])}, [1, 8])
