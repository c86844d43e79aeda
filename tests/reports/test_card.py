"""The card of a variant, and the snippet in it, run as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from commands import TINY, Chain, invoke
from PIL import Image

from train.synthetic.scene import portrait
from zoo.artifact.manifest import read_manifest
from zoo.registry import get
from zoo.resizing import mask_at, to_input
from zoo.runtime.runtime import open_model

SPEC = get(TINY)


def test_the_card_holds_what_is_known_of_each_file(in_chain: Chain) -> None:
    [path] = invoke("card", "--model", TINY).output.split()
    card = Path(path).read_text()
    for key, artifact in read_manifest(in_chain.home, SPEC).artifacts.items():
        [line] = [each for each in card.splitlines() if each.startswith(f"| {key} |")]
        if artifact.accuracy is None:
            assert str(artifact.accuracy_reason) in line
        else:
            assert f"{artifact.accuracy.judgement.iou.value:.3f} [" in line
    assert "onnxruntime" in card.partition("## Latency")[2]
    assert "seed: 0" in card
    assert "```swift" in card
    assert "```kotlin" in card
    assert "$" not in card


def test_the_python_snippet_gives_the_mask(in_chain: Chain, tmp_path: Path) -> None:
    [path] = invoke("card", "--model", TINY).output.split()
    [snippet] = re.findall(r"```python\n(.*?)```", Path(path).read_text(), re.DOTALL)
    model = in_chain.home.artifact(SPEC, "tflite", "fp16")
    shutil.copy(model, tmp_path)
    photograph = portrait(0, 1)[0]
    photograph.save(tmp_path / "photo.jpg", quality=95)
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(tmp_path / "mask.png"))
    again = Image.open(tmp_path / "photo.jpg")
    ours = open_model(model, "litert", 1).predict(to_input(again, SPEC.size))[0]
    assert np.mean(found == mask_at(ours, *again.size)) > 0.999
