#!/bin/sh
# safetensors 0.8.0: the same tensors with the same metadata give other bytes in each process, as soon
# as the metadata has more than one key. The order of the tensors in the header is fixed; the order of
# `__metadata__` is that of a hash map with a random seed. A hash of the file does not name its content.
# Guess before: a header is written in the order given, or sorted; the same call gives the same bytes.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import subprocess
import sys

KEYS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
SAVE = """
import hashlib, sys
import numpy as np
from safetensors.numpy import save
tensors = {name: np.arange(4, dtype=np.float32) for name in "dcba"}
print(hashlib.sha256(save(tensors, metadata={key: "text" for key in sys.argv[1:]})).hexdigest())
"""


def hashes(*keys: str) -> set[str]:
    """Of the file, by eight processes."""
    command = [sys.executable, "-c", SAVE, *keys]
    return {subprocess.check_output(command, text=True) for _ in range(8)}


one, many = hashes(*KEYS[:1]), hashes(*KEYS)
print(f"one key: {len(one)} file(s) of 8 processes; six keys: {len(many)}")
sys.exit(not (len(one) == 1 and len(many) > 1))
PYTHON
"$folder/v/bin/python" "$folder/seen.py"
# Seen: one key: 1 file(s) of 8 processes; six keys: 8
