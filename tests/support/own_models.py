"""Small ONNX models that are not the zoo's: sound ones, and ones that go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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


@dataclass(frozen=True, kw_only=True)
class Segmenter:
    """A network of one layer that finds the hair of drawn portraits, which holds little blue.

    Its file differs in how it wants to be fed and read. low, high: what black and white are fed as;
    bytes_: as uint8. decoys: outputs before the mask that look like one. channels: of the mask, of
    which one is hair. lift: added to all channels, which softmax does not see. ends_in: what the
    file itself does last.
    """

    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Literal["rgb", "bgr"] = "rgb"
    low: float = 0.0
    high: float = 1.0
    bytes_: bool = False
    sides: tuple[int | str, int | str] = (64, 64)
    decoys: int = 0
    channels: int = 1
    hair: int = 0
    lift: float = 0.0
    ends_in: Literal["Sigmoid", "Softmax", "ArgMax", "Identity"] = "Sigmoid"

    def write(self, path: Path) -> Path:
        steep, least = 60.0, 60 / 255
        blue, span = 2 if self.colour == "rgb" else 0, self.high - self.low
        weights = np.zeros((self.channels, 3, 1, 1), np.float32)
        weights[self.hair, blue] = -steep / span
        bias = np.full(self.channels, self.lift, np.float32)
        bias[self.hair] += steep * (least + self.low / span)
        last = self.layout == "nhwc"
        given = [1, *self.sides, 3] if last else [1, 3, *self.sides]
        made = [1, *self.sides, self.channels] if last else [1, self.channels, *self.sides]
        nodes = [helper.make_node("Cast", ["x"], ["floats"], to=TensorProto.FLOAT)]
        before = ["floats"]
        if last:
            nodes.append(helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]))
            before = ["planes"]
        nodes.append(helper.make_node("Conv", [*before, "w", "b"], ["logits"]))
        end: dict[str, Any] = {"axis": 1} if self.ends_in in ("Softmax", "ArgMax") else {}
        if self.ends_in == "ArgMax":
            end["keepdims"], made = 0, [1, *self.sides]
        turned = last and self.ends_in != "ArgMax"
        nodes.append(helper.make_node(self.ends_in, ["logits"], ["t" if turned else "y"], **end))
        if turned:
            nodes.append(helper.make_node("Transpose", ["t"], ["y"], perm=[0, 2, 3, 1]))
        decoys = [f"decoy{number}" for number in range(self.decoys)]
        nodes += [helper.make_node("Neg", ["y"], [name]) for name in decoys]
        kind = TensorProto.INT64 if self.ends_in == "ArgMax" else TensorProto.FLOAT
        return _write(
            path,
            nodes,
            {"x": (TensorProto.UINT8 if self.bytes_ else TensorProto.FLOAT, given)},
            made,
            [onnx.numpy_helper.from_array(v, n) for v, n in ((weights, "w"), (bias, "b"))],
            outputs=[*decoys, "y"],
            kind=kind,
        )


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Shape]],
    output: Shape,
    weights: Sequence[onnx.TensorProto] = (),
    outputs: Sequence[str] = ("y",),
    kind: int = TensorProto.FLOAT,
) -> Path:
    given = [helper.make_tensor_value_info(n, t, shape) for n, (t, shape) in inputs.items()]
    results = [helper.make_tensor_value_info(name, kind, output) for name in outputs]
    graph = helper.make_graph(nodes, "own", given, results, list(weights))
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
