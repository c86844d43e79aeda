#!/bin/sh
# torch 2.14.1's exporter, onnx 1.23.2, onnxruntime 1.32.0: F.interpolate with scale_factor=224/1080
# makes 224 x 224 of 1080 x 1080. The exported file declares that output too. onnxruntime and onnx's
# reference evaluator give 223 x 223, the first with a warning in its log: the factor is stored in
# fp32, and the size is rounded down. Only onnx.checker with full_check refuses the file. Exported with size=, it gives 224.
# Guess before: an export that runs has the output that it declares.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet torch==2.14.1 onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 \
  numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator
from torch.nn.functional import interpolate

LARGE, SMALL = 1080, 224
IMAGE = torch.rand(1, 3, LARGE, LARGE, generator=torch.Generator().manual_seed(0))
HOW = {"mode": "bilinear", "align_corners": False}


class Shrink(torch.nn.Module):
    def __init__(self, **asked):
        super().__init__()
        self.asked = asked

    def forward(self, x):
        return interpolate(x, **self.asked, **HOW)


def checked(model):
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.shape_inference.InferenceError:
        return "refuses it"
    return "accepts it"


def seen(**asked):
    module = Shrink(**asked).eval()
    program = torch.onnx.export(module, (IMAGE,), dynamo=True, opset_version=18, verbose=False)
    model = program.model_proto
    name, content = model.graph.input[0].name, model.SerializeToString()
    feed = {name: IMAGE.numpy()}
    onnx.checker.check_model(model)
    return {
        "torch": module(IMAGE).shape[-1],
        "declared": model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value,
        "onnxruntime": onnxruntime.InferenceSession(content).run(None, feed)[0].shape[-1],
        "reference": ReferenceEvaluator(model).run(None, feed)[0].shape[-1],
        "full check": checked(model),
    }


factor, size = seen(scale_factor=SMALL / LARGE), seen(size=(SMALL, SMALL))
print("scale_factor:", factor)
print("size:        ", size)
sides = range(SMALL + 1, 2 * LARGE + 1)
wrong = [n for n in sides if int(np.float32(n) * np.float32(SMALL / n)) != int(n * (SMALL / n))]
print(f"sides up to 2160 where fp32 and fp64 give other sizes for {SMALL}: {len(wrong)}")
lost = {"onnxruntime": SMALL - 1, "reference": SMALL - 1, "full check": "refuses it"}
kept = {"onnxruntime": SMALL, "reference": SMALL, "full check": "accepts it"}
whole = {"torch": SMALL, "declared": SMALL}
as_before = (factor, size) == (whole | lost, whole | kept)
sys.exit(0 if as_before else "this has changed")
PYTHON
"$folder/v/bin/python" -W ignore "$folder/seen.py" 2> /dev/null
# Seen: scale_factor: {'torch': 224, 'declared': 224, 'onnxruntime': 223, 'reference': 223, 'full check': 'refuses it'}
#       size:         {'torch': 224, 'declared': 224, 'onnxruntime': 224, 'reference': 224, 'full check': 'accepts it'}
#       sides up to 2160 where fp32 and fp64 give other sizes for 224: 283
