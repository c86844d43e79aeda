#!/bin/sh
# A file that onnxruntime 1.32.0 saved after its own optimisation on x86-64 (ORT_ENABLE_ALL) holds
# operators of a domain that no other tool knows, com.microsoft.nchwc. onnx 1.23.2 finds nothing wrong:
# neither its checker with full_check nor strict shape inference. openvino 2026.4.1 refuses the file,
# and takes the one that was saved at ORT_ENABLE_EXTENDED.
# Guess before: the checker knows no such operator and raises.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

SHAPE = [1, 32, 64, 64]


def convolution() -> bytes:
    kernel = np.random.default_rng(0).normal(0, 0.1, (32, 32, 3, 3)).astype(np.float32)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    weights = [onnx.numpy_helper.from_array(kernel, "w")]
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:], weights)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def optimised(level: str) -> str:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = f"{sys.argv[1]}/{level}.onnx"
    options.log_severity_level = 3
    onnxruntime.InferenceSession(convolution(), options, providers=["CPUExecutionProvider"])
    return options.optimized_model_filepath


def openvino_takes(path: str) -> bool:
    try:
        openvino.Core().read_model(path)
    except RuntimeError:
        return False
    return True


seen = {}
for level in ("ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"):
    path = optimised(level)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    domains = sorted({node.domain or "ai.onnx" for node in model.graph.node})
    seen[level] = "com.microsoft.nchwc" in domains, openvino_takes(path)
    print(f"{level}: domains {domains}; the checker finds nothing; openvino takes it: {seen[level][1]}")
sys.exit(seen != {"ORT_ENABLE_EXTENDED": (False, True), "ORT_ENABLE_ALL": (True, False)})
PYTHON
"$folder/v/bin/python" "$folder/seen.py" "$folder"
# Seen: ORT_ENABLE_EXTENDED: domains ['ai.onnx']; the checker finds nothing; openvino takes it: True
#       ORT_ENABLE_ALL: domains ['com.microsoft.nchwc']; the checker finds nothing; openvino takes it: False
