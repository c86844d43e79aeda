"""A TFLite model made without an exporter: mask = sigmoid(weights . pixel + bias)."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

SIDE = 32
WEIGHTS, BIAS = (3.0, -2.0, 1.0), -0.7
# What finds the hair of drawn portraits, which holds little blue.
HAIR = (0.0, 0.0, -60.0), 60 * 60 / 255


def write_tiny(
    path: Path,
    repeats: int = 1,
    layer: tuple[tuple[float, float, float], float] = (WEIGHTS, BIAS),
) -> Path:
    """Takes [1, 32, 32, 3], gives [1, 32, 32, 1]; the logistic is done `repeats` times."""
    weights, bias = layer
    shape, mask = [1, SIDE, SIDE, 3], [1, SIDE, SIDE, 1]
    tensors = [
        _tensor("image", shape, 0),
        _tensor("weights", [1, 1, 1, 3], 1),
        _tensor("bias", [1], 2),
        _tensor("logit", mask, 0),
    ]
    convolution = schema.Conv2DOptionsT()
    convolution.strideH = convolution.strideW = 1
    operators = [_operator(0, [0, 1, 2], [3])]
    operators[0].builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operators[0].builtinOptions = convolution
    for _ in range(repeats):
        tensors.append(_tensor("mask", mask, 0))
        operators.append(_operator(1, [len(tensors) - 2], [len(tensors) - 1]))
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.name = tensors, operators, "main"
    graph.inputs, graph.outputs = [0], [len(tensors) - 1]
    model = schema.ModelT()
    model.version, model.subgraphs, model.description = 3, [graph], "tiny"
    model.operatorCodes = [
        _code(schema.BuiltinOperator.CONV_2D),
        _code(schema.BuiltinOperator.LOGISTIC),
    ]
    model.buffers = [_buffer(()), _buffer(weights), _buffer((bias,))]
    return _pack(model, path)


def mask_of(
    image: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What the model makes of [1, 3, 32, 32]: [32, 32]."""
    logit = np.tensordot(np.asarray(WEIGHTS, np.float32), image[0], 1) + np.float32(BIAS)
    return np.asarray(1 / (1 + np.exp(-logit)), np.float32)


def _tensor(name: str, shape: list[int], buffer: int) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, shape, buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _operator(code: int, inputs: list[int], outputs: list[int]) -> schema.OperatorT:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    return operator


def _code(builtin: int) -> schema.OperatorCodeT:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 1
    return code


def _buffer(values: tuple[float, ...]) -> schema.BufferT:
    buffer = schema.BufferT()
    if values:
        buffer.data = np.frombuffer(np.asarray(values, "<f4").tobytes(), np.uint8)
    return buffer


def write_two_signatures(path: Path) -> Path:
    """Two entry points: `mask` takes [1, 32, 32, 3], `half` [1, 16, 16, 3]; each gives its
    logistic."""
    model = schema.ModelT()
    model.version, model.description = 3, "two"
    model.operatorCodes, model.buffers = [_code(schema.BuiltinOperator.LOGISTIC)], [_buffer(())]
    model.subgraphs, model.signatureDefs = [], []
    for number, (name, side) in enumerate((("mask", SIDE), ("half", SIDE // 2))):
        shape = [1, side, side, 3]
        graph = schema.SubGraphT()
        graph.tensors = [_tensor(f"{name}_in", shape, 0), _tensor(f"{name}_out", shape, 0)]
        graph.operators, graph.name = [_operator(0, [0], [1])], name
        graph.inputs, graph.outputs = [0], [1]
        model.subgraphs.append(graph)
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = name, number
        signature.inputs, signature.outputs = [_map("x", 0)], [_map("y", 1)]
        model.signatureDefs.append(signature)
    return _pack(model, path)


def write_free_side(path: Path) -> Path:
    """As the tiny one's logistic, of [1, any, any, 3] from the input `serving_default_x:0`."""
    model, graph, given = schema.ModelT(), schema.SubGraphT(), [1, 1, 1, 3]
    graph.tensors = [_tensor("serving_default_x:0", given, 0), _tensor("y", given, 0)]
    for tensor in graph.tensors:
        tensor.shapeSignature = [1, -1, -1, 3]
    graph.operators, graph.name = [_operator(0, [0], [1])], "main"
    graph.inputs, graph.outputs = [0], [1]
    model.version, model.subgraphs, model.description = 3, [graph], "free"
    model.operatorCodes, model.buffers = [_code(schema.BuiltinOperator.LOGISTIC)], [_buffer(())]
    return _pack(model, path)


def _pack(model: schema.ModelT, path: Path) -> Path:
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _map(name: str, index: int) -> schema.TensorMapT:
    found = schema.TensorMapT()
    found.name, found.tensorIndex = name, index
    return found
