#!/bin/sh
# coremltools 9.0, Linux: one program that is built and saved by two processes differs in model.mlmodel,
# though both specifications are equal: the maps of protobuf are written in an order of their own. With
# deterministic=True both serialise to the same bytes. weight.bin is the same.
# Guess before: only Manifest.json differs, for its entries have random names.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet coremltools==9.0 numpy==2.4.6
cat > "$folder/save.py" <<'PYTHON'
import sys

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb

KERNEL = np.random.default_rng(0).normal(0, 0.1, (8, 3, 3, 3)).astype(np.float32)


@mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 32, 32))], opset_version=ct.target.iOS16)
def program(x):
    return mb.relu(x=mb.conv(x=x, weight=KERNEL, pad_type="same"), name="y")


ct.convert(program, minimum_deployment_target=ct.target.iOS16).save(sys.argv[1])
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import subprocess
import sys
from pathlib import Path

import coremltools as ct

INSIDE = Path("Data/com.apple.CoreML")
folder = Path(sys.argv[1])
packages = [folder / f"{number}.mlpackage" for number in range(4)]
for package in packages:
    words = [sys.executable, folder / "save.py", package]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
programs = {(package / INSIDE / "model.mlmodel").read_bytes() for package in packages}
weights = {(package / INSIDE / "weights" / "weight.bin").read_bytes() for package in packages}
specs = [ct.utils.load_spec(str(package)) for package in packages]
same = {spec.SerializeToString(deterministic=True) for spec in specs}
equal = all(spec == specs[0] for spec in specs)
print(f"4 processes: {len(weights)} weight.bin, {len(programs)} model.mlmodel; equal: {equal};")
print(f"deterministic: {len(same)}")
sys.exit(not (len(weights) == 1 and len(programs) > 1 and equal and len(same) == 1))
PYTHON
"$folder/v/bin/python" "$folder/seen.py" "$folder" 2> /dev/null
# Seen: 4 processes: 1 weight.bin, 4 model.mlmodel; equal: True;
#       deterministic: 1
