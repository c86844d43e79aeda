#!/bin/sh
# coremltools 9.0, Linux: compute_precision=FLOAT16 with an image input that has a scale leaves the
# multiplication by that scale in fp32; the cast to fp16 comes after it. A program that has the same
# multiplication as an operator of its own gets it in fp16, behind the cast.
# Apple's guide says that what is typed fp32 does not reach the Neural Engine.
# Guess before: the cast is the first operation, and all that follows is fp16, as asked for.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet coremltools==9.0 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb

KERNEL = np.random.default_rng(0).normal(0, 0.1, (8, 3, 3, 3)).astype(np.float32)
SHAPE = (1, 3, 32, 32)
TARGET = ct.target.iOS16
NAMES = {10: "fp16", 11: "fp32"}


def program(by_hand):
    @mb.program(input_specs=[mb.TensorSpec(shape=SHAPE)], opset_version=TARGET)
    def made(x):
        scaled = mb.mul(x=x, y=np.float32(1 / 255)) if by_hand else x
        return mb.relu(x=mb.conv(x=scaled, weight=KERNEL, pad_type="same"), name="y")

    return made


def operations(by_hand):
    image = ct.ImageType(name="x", shape=SHAPE, scale=1.0 if by_hand else 1 / 255)
    model = ct.convert(
        program(by_hand),
        inputs=[image],
        minimum_deployment_target=TARGET,
        compute_precision=ct.precision.FLOAT16,
    )
    main = model.get_spec().mlProgram.functions["main"]
    block = main.block_specializations[main.opset]
    kept = [one for one in block.operations if one.type != "const"]
    return " ".join(f"{o.type}:{NAMES[o.outputs[0].type.tensorType.dataType]}" for o in kept)


of_the_image, of_its_own = operations(False), operations(True)
print(f"scale of the image: {of_the_image}")
print(f"mul of its own:     {of_its_own}")
expected = ("mul:fp32 cast:fp16 conv:fp16", "cast:fp16 mul:fp16 conv:fp16")
sys.exit(not (of_the_image.startswith(expected[0]) and of_its_own.startswith(expected[1])))
PYTHON
"$folder/v/bin/python" "$folder/seen.py" 2> /dev/null
# Seen: scale of the image: mul:fp32 cast:fp16 conv:fp16 relu:fp16 cast:fp32
#       mul of its own:     cast:fp16 mul:fp16 conv:fp16 relu:fp16 cast:fp32
