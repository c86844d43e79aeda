#!/bin/sh
# onnxruntime 1.32.0, x86-64 Linux: `session.set_denormal_as_zero` of the FIRST session of a process
# decides for the calling thread. A later session that asks for it gets nothing, and takes over a
# hundred times as long at a denormal input; a later session that does not ask has it all the same,
# and so has numpy in that thread.
# Guess before: each session's own option holds for its own runs.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

SHAPE = [1, 32, 64, 64]
NORMAL, DENORMAL = (np.full(SHAPE, value, np.float32) for value in (0.5, 1e-39))


def convolution() -> bytes:
    kernel = np.random.default_rng(0).normal(0, 0.1, (32, 32, 3, 3)).astype(np.float32)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    weights = [onnx.numpy_helper.from_array(kernel, "w")]
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:], weights)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def session(asks: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if asks:
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(
        convolution(), options, providers=["CPUExecutionProvider"]
    )


def slower(one: onnxruntime.InferenceSession) -> float:
    """By how much at the denormal input."""
    quickest = []
    for given in (NORMAL, DENORMAL):
        took = []
        for _ in range(8):
            started = time.perf_counter()
            one.run(None, {"x": given})
            took.append(time.perf_counter() - started)
        quickest.append(min(took))
    return quickest[1] / quickest[0]


first_asks = sys.argv[1] == "asks"
first = session(first_asks)
second = session(not first_asks)
ratios = slower(first), slower(second)
product = np.float32(1e-39) * np.float32(1)
print(f"first session {'asks' if first_asks else 'does not ask'}: {ratios[0]:.1f} times as long;")
print(f"  the second, which does the other: {ratios[1]:.1f}; numpy's 1e-39 * 1 = {product:.3g}")
sound = all(r < 3 for r in ratios) and product == 0 if first_asks else (
    all(r > 20 for r in ratios) and product > 0
)
sys.exit(not sound)
PYTHON
"$folder/v/bin/python" "$folder/seen.py" asks
"$folder/v/bin/python" "$folder/seen.py" not
# Seen: first session asks: 1.0 times as long;
#         the second, which does the other: 1.0; numpy's 1e-39 * 1 = 0
#       first session does not ask: 300 times as long;
#         the second, which does the other: 300; numpy's 1e-39 * 1 = 1e-39
