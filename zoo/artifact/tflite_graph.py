"""Reads and writes the graph of a TFLite file: its operators in the order of execution."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from zoo.artifact.steps import Kind, Step

KINDS: dict[str, Kind] = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "conv",
    "TRANSPOSE_CONV": "conv",
    "ADD": "add",
    "LOGISTIC": "sigmoid",
}
MODEL_IDENTIFIER = b"TFL3"
_NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}


@dataclass(frozen=True, kw_only=True)
class Graph:
    """image: the name of the input tensor. operators: the names, as TFLite's schema has them."""

    image: str
    operators: tuple[str, ...]
    steps: tuple[Step, ...]


def read_model(path: Path) -> Any:
    """The whole file as the schema's ModelT, every buffer inside. Raises what its reader raises."""
    content = path.read_bytes()
    model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        # Writers may leave a buffer behind the flatbuffer, and note where; 1 stands for "none yet".
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def write_model(path: Path, model: Any) -> None:
    """In place of the file. Both fields of every operator's code are filled.

    Readers of the time before operator 127 know the older field alone, which ai-edge-quantizer
    0.10.0 leaves 0, ADD, for the DEQUANTIZE and QUANTIZE that it adds.
    """
    older = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
    for code in model.operatorCodes:
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
        code.deprecatedBuiltinCode = min(code.builtinCode, older)
    builder = flatbuffers.Builder(path.stat().st_size)
    builder.Finish(model.Pack(builder), MODEL_IDENTIFIER)
    path.write_bytes(bytes(builder.Output()))


def read_graph(path: Path) -> Graph:
    """Of the first subgraph. Raises what the schema's reader raises."""
    model = read_model(path)
    graph = model.subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    constants = {
        index
        for index, tensor in enumerate(graph.tensors)
        if model.buffers[tensor.buffer].data is not None
    }
    operators, steps = [], []
    for each in graph.operators:
        code = model.operatorCodes[each.opcodeIndex]
        # Which of the two holds the code depends on the age of the writer.
        operators.append(_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)])
        reads = [index for index in each.inputs if index >= 0 and index not in constants]
        steps.append(
            Step(
                kind=KINDS.get(operators[-1], "moves"),
                reads=tuple(names[index] for index in reads),
                writes=names[each.outputs[0]],
                fused=bool(getattr(each.builtinOptions, "fusedActivationFunction", 0)),
            )
        )
    return Graph(image=names[graph.inputs[0]], operators=tuple(operators), steps=tuple(steps))
