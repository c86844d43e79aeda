#!/bin/sh
# One convolution, one denormal input, one thread, x86-64 Linux: onnxruntime 1.32.0 and openvino
# 2026.4.1 take over a hundred times as long as at a normal one and give denormal results; LiteRT
# (ai-edge-litert 2.3.0) takes the same time and gives zeros.
# Guess before: all three alike, one way or the other, since none was asked to flush.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 \
  ai-edge-litert==2.3.0 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys
import time
from collections.abc import Callable

import flatbuffers
import numpy as np
import onnx
import onnxruntime
import openvino
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper

CHANNELS, SIDE = 32, 64
KERNEL = np.random.default_rng(0).normal(0, 0.1, (CHANNELS, 3, 3, CHANNELS)).astype(np.float32)
LAST, FIRST = [1, SIDE, SIDE, CHANNELS], [1, CHANNELS, SIDE, SIDE]


def onnx_file() -> bytes:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, FIRST) for name in "xy"]
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    kernel = np.ascontiguousarray(KERNEL.transpose(0, 3, 1, 2))
    weights = [onnx.numpy_helper.from_array(kernel, "w")]
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:], weights)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def tflite_file() -> bytes:
    model, graph = schema.ModelT(), schema.SubGraphT()
    code, node, how = schema.OperatorCodeT(), schema.OperatorT(), schema.Conv2DOptionsT()
    model.buffers = [schema.BufferT() for _ in range(3)]
    model.buffers[1].data = np.frombuffer(KERNEL.tobytes(), np.uint8)
    model.buffers[2].data = np.zeros(4 * CHANNELS, np.uint8)
    graph.tensors = []
    for name, shape, buffer in (
        (b"x", LAST, 0), (b"w", list(KERNEL.shape), 1), (b"b", [CHANNELS], 2), (b"y", LAST, 0)
    ):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, shape, buffer
        tensor.type, tensor.hasRank = schema.TensorType.FLOAT32, True
        graph.tensors.append(tensor)
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 1
    how.padding, how.strideW, how.strideH = schema.Padding.SAME, 1, 1
    how.dilationWFactor, how.dilationHFactor = 1, 1
    node.inputs, node.outputs, node.opcodeIndex = [0, 1, 2], [3], 0
    node.builtinOptionsType, node.builtinOptions = schema.BuiltinOptions.Conv2DOptions, how
    graph.inputs, graph.outputs, graph.operators = [0], [3], [node]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    onnx_file(), options, providers=["CPUExecutionProvider"]
)
core = openvino.Core()
compiled = core.compile_model(
    core.read_model(onnx_file()),
    "CPU",
    {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"},
)
interpreter = Interpreter(model_content=tflite_file(), num_threads=1)
interpreter.allocate_tensors()


def litert(given: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(0, given.transpose(0, 2, 3, 1).copy())
    interpreter.invoke()
    return interpreter.get_tensor(3)


RUNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "onnxruntime": lambda given: session.run(None, {"x": given})[0],
    "openvino": lambda given: compiled({0: given})[0],
    "litert": litert,
}
sound = True
for name, run in RUNS.items():
    quickest, found = [], None
    for value in (0.5, 1e-39):
        given, took = np.full(FIRST, value, np.float32), []
        for _ in range(8):
            started = time.perf_counter()
            found = np.array(run(given))
            took.append(time.perf_counter() - started)
        quickest.append(min(took))
    ratio, largest = quickest[1] / quickest[0], float(np.abs(found).max())
    print(f"{name}: {ratio:.1f} times as long, largest result {largest:.3g}")
    flushes = ratio < 3 and largest == 0
    keeps = ratio > 20 and 0 < largest < 1e-37
    sound = sound and (flushes if name == "litert" else keeps)
sys.exit(not sound)
PYTHON
"$folder/v/bin/python" "$folder/seen.py"
# Seen: onnxruntime: 316.2 times as long, largest result 4.52e-39
#       openvino: 153.4 times as long, largest result 4.52e-39
#       litert: 1.0 times as long, largest result 0
