#!/bin/sh
# litert-torch 0.10.0 with torch 2.14.1: a resize by F.interpolate(mode="nearest") becomes one that takes
# the pixels of mode="nearest-exact". Nothing is said. At whole factors the two are the same; from 100 to
# 33 pixels each pixel is another one.
# Guess before: the pixels of torch, or an error.
# Fails when this changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet litert-torch==0.10.0 ai-edge-litert==2.3.0 torch==2.14.1 \
  torchvision==0.29.1 numpy==2.4.6
cat > "$folder/seen.py" <<'PYTHON'
import sys

import litert_torch
import numpy as np
import torch
from torch.nn.functional import interpolate


class Resize(torch.nn.Module):
    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x):
        return interpolate(x, size=(self.side, self.side), mode="nearest")


def unlike(before, after):
    """The shares of pixels that are not torch's, by either of its modes."""
    image = torch.rand(1, 1, before, before, generator=torch.Generator().manual_seed(0))
    given = np.asarray(litert_torch.convert(Resize(after).eval(), (image,))(image))
    modes = ("nearest", "nearest-exact")
    ours = (interpolate(image, size=(after, after), mode=mode).numpy() for mode in modes)
    return tuple(round(float((given != one).mean()), 2) for one in ours)


sides = ((32, 64), (32, 80), (128, 250), (100, 33))
found = {pair: unlike(*pair) for pair in sides}
for (before, after), (nearest, exact) in found.items():
    print(f"seen: {before} to {after}: {nearest:.0%} unlike nearest, {exact:.0%} unlike nearest-exact")
shares = {(32, 64): 0.0, (32, 80): 0.36, (128, 250): 0.45, (100, 33): 1.0}
sys.exit(0 if found == {pair: (share, 0.0) for pair, share in shares.items()} else "this has changed")
PYTHON
"$folder/v/bin/python" -W ignore "$folder/seen.py" 2> /dev/null > "$folder/told" || failed=$?
grep "^seen: " "$folder/told"
exit "${failed:-0}"
# Seen: 32 to 64: 0% unlike nearest, 0% unlike nearest-exact
#       32 to 80: 36% unlike nearest, 0% unlike nearest-exact
#       128 to 250: 45% unlike nearest, 0% unlike nearest-exact
#       100 to 33: 100% unlike nearest, 0% unlike nearest-exact
