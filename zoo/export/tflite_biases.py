"""Casts the biases of an fp16 TFLite file as its weights are cast: fp16, then a DEQUANTIZE.

ai-edge-quantizer 0.10.0 leaves biases in fp32. XNNPACK in LiteRT.js then takes no convolution of
fp16 weights, and the file takes several times as long there as in fp32; native LiteRT takes both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

# The place of the bias among the inputs of each operator that has one.
BIAS_OF = {
    schema.BuiltinOperator.CONV_2D: 2,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: 2,
    schema.BuiltinOperator.FULLY_CONNECTED: 2,
    schema.BuiltinOperator.TRANSPOSE_CONV: 3,
}


def halve_biases(model: Any) -> None:
    """Change the ModelT in place: each constant fp32 bias is stored in fp16 and cast when it is
    read. Raises ValueError for one that fp16 cannot hold."""
    graph, operators, freed = model.subgraphs[0], [], set()
    for each in graph.operators:
        place = BIAS_OF.get(model.operatorCodes[each.opcodeIndex].builtinCode)
        if place is not None and place < len(each.inputs) and each.inputs[place] >= 0:
            tensor = graph.tensors[each.inputs[place]]
            stored = model.buffers[tensor.buffer].data
            if stored is not None and tensor.type == schema.TensorType.FLOAT32:
                freed.add(tensor.buffer)
                operators.append(_cast(model, graph, int(each.inputs[place]), stored))
        operators.append(each)
    graph.operators = operators
    for buffer in freed - {tensor.buffer for tensor in graph.tensors}:
        model.buffers[buffer].data = None


def _cast(model: Any, graph: Any, index: int, stored: Any) -> Any:
    """The operator that now writes the tensor, from a constant in fp16."""
    tensor = graph.tensors[index]
    values = np.frombuffer(np.asarray(stored, np.uint8).tobytes(), np.float32)
    half = values.astype(np.float16)
    if not np.isfinite(half).all():
        raise ValueError(f"a bias of {tensor.name.decode()} does not fit fp16")
    buffer, constant = schema.BufferT(), schema.TensorT()
    buffer.data = np.frombuffer(half.tobytes(), np.uint8)
    constant.name, constant.shape = b"bias_%d" % index, tensor.shape
    constant.hasRank = True
    constant.type, constant.buffer = schema.TensorType.FLOAT16, len(model.buffers)
    model.buffers.append(buffer)
    # The first buffer is empty, by the schema: of a tensor that an operator writes.
    tensor.buffer = 0
    casting = schema.OperatorT()
    casting.opcodeIndex = _code(model, schema.BuiltinOperator.DEQUANTIZE)
    casting.inputs, casting.outputs = [len(graph.tensors)], [index]
    graph.tensors.append(constant)
    return casting


def _code(model: Any, operator: int) -> int:
    """The place of an operator among the model's codes, of a file whose weights are cast by it."""
    return [code.builtinCode for code in model.operatorCodes].index(operator)
