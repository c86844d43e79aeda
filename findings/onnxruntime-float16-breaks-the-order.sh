#!/bin/sh
# convert_float_to_float16 of onnxruntime 1.32.0 makes a file that is no valid ONNX of one that is. Its
# Casts stand behind the nodes that read them, and the format wants nodes in the order of their values.
# onnxruntime sorts them when it loads the file, and says nothing. onnx 1.23.2 refuses the file, until
# onnxruntime's own graph_topological_sort has been at it.
# Guess before: what the converter returns passes onnx's checker, as what it was given does.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 sympy==1.14.0
cat > "$folder/seen.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

SHAPE = [1, 4, 8, 8]


def network() -> onnx.ModelProto:
    kernel = np.random.default_rng(0).normal(0, 0.1, (4, 4, 3, 3)).astype(np.float32)
    weights = [onnx.numpy_helper.from_array(kernel, "w")]
    weights += [onnx.numpy_helper.from_array(np.float32(v), n) for n, v in (("low", 0), ("high", 6))]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Clip", ["a", "low", "high"], ["b"], name="clip"),
        helper.make_node("Conv", ["b", "w"], ["y"], name="last", pads=[1, 1, 1, 1]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], weights)
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def verdict(model: onnx.ModelProto) -> str:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"refused: {lines[0][:90]}"
    return "valid"


def runs(model: onnx.ModelProto) -> bool:
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.ones(SHAPE, np.float32)})[0].shape == tuple(SHAPE)


before = network()
told = [verdict(before)]
half = convert_float_to_float16(
    before, keep_io_types=True, op_block_list=[*DEFAULT_OP_BLOCK_LIST, "Clip"]
)
told.append(verdict(half))
works = runs(half)
OnnxModel.graph_topological_sort(half.graph)
told.append(verdict(half))
for name, seen in zip(("fp32", "converted", "and sorted"), told, strict=True):
    print(f"{name}: {seen}")
print(f"onnxruntime runs the converted one: {works}")
ordered = "topologically sorted" in told[1]
sys.exit(not (told[0] == told[2] == "valid" and ordered and works))
PYTHON
"$folder/v/bin/python" "$folder/seen.py"
# Seen: fp32: valid
#       converted: refused: Nodes in a graph must be topologically sorted, however input
#       'graph_input_cast_0' of node:
#       and sorted: valid
#       onnxruntime runs the converted one: True
