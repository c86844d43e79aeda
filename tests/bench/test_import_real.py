"""A model that others published: MediaPipe's selfie segmentation, of Google, Apache-2.0.

It is fetched from its npm package into a temporary folder, and is no part of this repository.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from commands import invoke
from PIL import Image

from train.synthetic.scene import portrait
from zoo.home import Home
from zoo.imported.record import read_imported
from zoo.runtime.runtime import open_model
from zoo.segmenting import mask_of

PACKAGE = "@mediapipe/selfie_segmentation@0.1.1675465747"
# The first half of each.
SHA256 = {
    "selfie_segmentation.tflite": "8d13b7fae74af625c641226813616a21",
    "selfie_segmentation_landscape.tflite": "4aafe6223bb8dac6fac8ca8ed5685287",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("npm")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: no published model is imported")
    words = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be fetched: no published model is imported")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


@pytest.mark.parametrize("file", SHA256)
def test_a_published_model_finds_the_person_by_guesses_alone(
    home: Home, package: Path, file: str
) -> None:
    assert hashlib.sha256((package / file).read_bytes()).hexdigest()[:32] == SHA256[file]
    words = ("import", str(package / file), "--name", "selfie", "--json")
    record = json.loads(invoke(*words).output)
    sides = (record["input"]["height"], record["input"]["width"])
    assert sides == ((144, 256) if "landscape" in file else (256, 256))
    assert (record["precision"], record["output"]["activation"]) == ("fp16", "none")
    model = read_imported(home, "selfie")
    opened = open_model(home.imported_file("selfie", "tflite"), "litert", 1)
    photograph = portrait(7, 3)[0]
    mask = mask_of(model, opened, photograph)
    height, width = mask.shape
    assert (width, height) == photograph.size
    # A person in the middle, and nobody in the corners above.
    corners = [mask[: height // 8, : width // 8], mask[: height // 8, -(width // 8) :]]
    assert mask[height // 2 :, width // 3 : -(width // 3)].mean() > 0.8
    assert max(corner.mean() for corner in corners) < 0.2
    empty = mask_of(model, opened, Image.new("RGB", (64, 64), "white"))
    assert empty.mean() < 0.1
