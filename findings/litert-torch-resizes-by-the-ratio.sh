#!/bin/sh
# litert-torch 0.10.0 with torch 2.14.1: F.interpolate(scale_factor=1.25) of 27 x 27 pixels makes 33 x 33,
# and torch places them by the factor. The TFLite file places them by 27/33: its values, of 0..1, are up
# to 0.48 off. An ONNX file of the same module, in onnxruntime 1.32.0, follows the factor as torch does.
# Where factor times side is whole, all agree.
# Guess before: both files agree with torch to 1e-5, since both exporters were given the factor.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet litert-torch==0.10.0 ai-edge-litert==2.3.0 torch==2.14.1 \
  torchvision==0.29.1 onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys

import litert_torch
import numpy as np
import onnxruntime
import torch
from torch.nn.functional import interpolate

SAME, OTHER = 1e-4, 0.1
HOW = {"mode": "bilinear", "align_corners": False}


class Resize(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return interpolate(x, scale_factor=self.factor, **HOW)


def by_onnxruntime(module, image):
    program = torch.onnx.export(module, (image,), dynamo=True, opset_version=18, verbose=False)
    model = program.model_proto
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {model.graph.input[0].name: image.numpy()})[0]


def seen(side, factor):
    """How far three results are from torch's: both files', and that of the size alone."""
    image = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0))
    module = Resize(factor).eval()
    wanted = module(image).numpy()
    litert = np.asarray(litert_torch.convert(module, (image,))(image))
    sized = interpolate(image, size=wanted.shape[-2:], **HOW).numpy()
    pairs = ((litert, wanted), (by_onnxruntime(module, image), wanted), (litert, sized))
    return tuple(float(abs(one - other).max()) for one, other in pairs)


fraction, whole = seen(27, 1.25), seen(28, 1.25)
for side, (litert, onnx, sized) in ((27, fraction), (28, whole)):
    told = f"LiteRT {litert:.1g} off torch, {sized:.1g} off torch with size=; onnxruntime {onnx:.1g}"
    print(f"seen: {side} by 1.25: {told}")
as_before = fraction[0] > OTHER and max(*fraction[1:], *whole) < SAME
sys.exit(0 if as_before else "this has changed")
PYTHON
"$folder/v/bin/python" -W ignore "$folder/seen.py" 2> /dev/null > "$folder/told" || failed=$?
grep "^seen: " "$folder/told"
exit "${failed:-0}"
# Seen: 27 by 1.25: LiteRT 0.5 off torch, 2e-06 off torch with size=; onnxruntime 2e-06
#       28 by 1.25: LiteRT 2e-06 off torch, 2e-06 off torch with size=; onnxruntime 2e-06
