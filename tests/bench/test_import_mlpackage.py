"""Core ML packages of other people: judged, kept and looked into on any machine."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import invoke
from drawn import portrait
from packages import Whole, converted, first, rewritten
from PIL import Image
from torch import Tensor, nn

from train.data.dataset import Dataset
from train.evaluate import counted
from zoo.artifact.iou import pooled_interval
from zoo.base.files import sha256_of
from zoo.home import Home
from zoo.imported.record import read_imported
from zoo.runtime.core_ml import CoreMLModel

ct = pytest.importorskip("coremltools")
pytestmark = pytest.mark.filterwarnings("ignore")
SIDE = 64
SHAPE = (1, 3, SIDE, SIDE)


@dataclass(frozen=True)
class Theirs:
    """A package, and what its network takes of a photograph's levels, [H, W, 3] in RGB."""

    package: Path
    network: nn.Module
    taken: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]

    def iou(self, home: Home) -> float:
        """Of the network in torch, on the drawn validation photographs."""
        dataset = Dataset.open(home, "drawn")
        counts = []
        for item in dataset.items("validation"):
            small = dataset.photograph(item).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            values = self.taken(np.asarray(small, np.float32))
            x = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32))
            with torch.inference_mode():
                mask = torch.sigmoid(self.network(x))[0, 0].numpy()
            counts.append(counted(dataset, item, mask, "hair"))
        return pooled_interval(counts).value


@pytest.fixture(scope="module")
def lraspp() -> nn.Module:
    """Of random weights; its values are spread so that some pixels are hair and others are not."""
    from torchvision.models import segmentation

    torch.manual_seed(0)
    made = segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=1
    ).eval()
    images = [np.asarray(portrait(seed)[0].resize((SIDE, SIDE)), np.float32) for seed in range(8)]
    with torch.inference_mode():
        found = made(torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2) / 255))["out"]
    middle, spread = float(found.median()), float(found.std())
    return Whole(made, lambda out: (out - middle) / spread).eval()


@pytest.fixture(scope="module")
def image(lraspp: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """In BGR; the program scales it to -1..1."""
    path, scale = tmp_path_factory.mktemp("theirs") / "image.mlpackage", 1 / 127.5
    order = ct.colorlayout.BGR
    given = ct.ImageType(name="x", shape=SHAPE, scale=scale, bias=[-1] * 3, color_layout=order)
    converted(lraspp, torch.rand(SHAPE), path, given)
    return Theirs(path, lraspp, lambda levels: levels[..., ::-1] * scale - 1)


@pytest.fixture(scope="module")
def tensor(lraspp: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """In RGB, of 0..1."""
    path = tmp_path_factory.mktemp("theirs") / "tensor.mlpackage"
    converted(lraspp, torch.rand(SHAPE), path, ct.TensorType(name="x", shape=SHAPE))
    return Theirs(path, lraspp, lambda levels: levels / 255)


def scored(home: Home, theirs: Theirs, package: Path) -> dict[str, Any]:
    """The row of `bench eval`: as its network in torch scores."""
    (row,) = json.loads(invoke("eval", str(package), "--data", "drawn", "--json").stdout)
    expected = theirs.iou(home)
    assert 0.02 < expected < 0.98
    assert abs(row["iou"]["value"] - expected) < 2e-3
    # Fed otherwise it would have shown.
    swapped = Theirs(theirs.package, theirs.network, lambda v: theirs.taken(v[..., ::-1]))
    assert abs(swapped.iou(home) - expected) > 0.01
    assert row["runtime"] == "mil-reference"
    assert not home.imported.exists()
    return dict(row)


def test_a_package_of_numbers_is_fed_by_a_guess(drawn: Home, tensor: Theirs) -> None:
    row = scored(drawn, tensor, tensor.package)
    fed = (row["input"]["colour"], row["input"]["range"], row["why"]["colour"])
    assert fed == ("rgb", [0, 1], "a guess")


def test_one_of_images_stands_beside_the_zoo_in_all_but_time(
    drawn: Home, image: Theirs, tmp_path: Path
) -> None:
    package = tmp_path / "Their Net.mlpackage"
    shutil.copytree(image.package, package)
    row = scored(drawn, image, package)
    fed = (row["input"]["colour"], row["input"]["range"], row["why"]["colour"])
    assert fed == ("bgr", [0, 255], "from the file: it takes images")
    told = invoke(*shlex.split(row["next"])[1:]).output
    name = "their_net"
    # It cannot be timed here, so that is no step to take.
    assert "bench run" not in told
    (again,) = json.loads(invoke("eval", name, "--data", "drawn", "--json").stdout)
    assert (again["iou"], again["runtime"]) == (row["iou"], "mil-reference")
    photograph = tmp_path / "photo.png"
    portrait(3, side=200)[0].save(photograph)
    assert "of the picture is hair" in invoke("predict", str(photograph), "--model", name).output
    for words in (("run", "--model", name), ("run", str(package)), ("compare", name, str(package))):
        refusal = invoke(*words, status=1).output
        assert "coreml: Core ML runs on macOS and iOS only" in refusal
        assert "bench eval " in refusal
    assert "No sessions" in invoke("report").output
    (listed,) = json.loads(invoke("models", "--model", name, "--json").output)
    assert list(listed["artifacts"]) == ["coreml.fp32"]
    assert "coreml.fp32" in Path(invoke("card", "--model", name).output.strip()).read_text()
    assert json.loads(invoke("explain", name, "--json").stdout)["unknown"] == []
    # What says otherwise than the file is refused.
    other = ("import", str(package), "--name", "other")
    assert "--colour bgr" in invoke(*other, "--colour", "rgb", status=1).output


def test_no_file_but_the_package_s_own_is_copied(home: Home, image: Theirs, tmp_path: Path) -> None:
    package, secret = tmp_path / "p.mlpackage", tmp_path / "secret.txt"
    shutil.copytree(image.package, package)
    secret.write_text("a secret")
    (package / "notes.txt").write_text("not of the model")
    (package / "Data" / "more.bin").symlink_to(secret)
    (package / "Data" / "com.apple.CoreML" / "weights" / "further.bin").write_bytes(b"1")
    invoke("import", str(package), "--name", "p")
    copy, model = home.imported_file("p", "coreml"), read_imported(home, "p")
    inside = sorted(str(p.relative_to(copy)) for p in copy.rglob("*") if not p.is_dir())
    assert inside == [
        "Data/com.apple.CoreML/model.mlmodel",
        "Data/com.apple.CoreML/weights/weight.bin",
        "Manifest.json",
    ]
    assert model.sha256 == model.source_sha256 == sha256_of(copy)
    with (copy / "Manifest.json").open("a") as manifest:
        manifest.write("\n")
    refusal = invoke("explain", "p", status=1).output
    assert "was changed since it was imported" in refusal


def test_what_is_inside_is_told_and_all_that_is_unknown(
    drawn: Home, image: Theirs, tmp_path: Path
) -> None:
    whole = ("explain", str(image.package))
    told = invoke(*whole).stdout
    assert "input: x, bgr image of 64x64" in told
    assert "float32 [1, 1, 64, 64]" in told
    assert "specification version 8, iOS 17, macOS 14 or later" in told
    assert f"bench eval {image.package}" in told
    kinds = invoke(*whole, "--format", "csv").stdout.splitlines()
    found = json.loads(invoke(*whole, "--json").stdout)
    assert f"conv,{found['operations']['conv']}" in kinds
    assert (found["precision"], found["target"]) == ("fp32", "iOS 17, macOS 14")

    package = tmp_path / "unknown.mlpackage"
    shutil.copytree(image.package, package)

    def change(spec: Any, block: Any) -> None:
        first(block, "sigmoid_hard").type = "erfinv"
        first(block, "add").type = "scatter_along_axis"

    rewritten(package, change)
    for words in (
        ("explain", str(package)),
        ("explain", str(package), "--json"),
        ("eval", str(package), "--data", "drawn"),
    ):
        refusal = invoke(*words, status=1)
        assert "does not know: erfinv, scatter_along_axis" in refusal.stderr
        if "--json" in words:
            assert json.loads(refusal.stdout)["unknown"] == ["erfinv", "scatter_along_axis"]
    assert not [*drawn.imported.glob("[!.]*")]


class Blue(nn.Module):
    """The hair of drawn portraits holds little blue."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1)
        self.conv.weight.data = torch.tensor([0.0, 0.0, -60.0]).reshape(1, 3, 1, 1)
        self.conv.bias = nn.Parameter(torch.tensor([60 * 60 / 255]))

    def forward(self, x: Tensor) -> Tensor:
        return 255 * torch.sigmoid(self.conv(x))


def test_a_mask_that_is_an_image_is_read_as_its_levels(drawn: Home, tmp_path: Path) -> None:
    given = ct.ImageType(name="x", shape=SHAPE, scale=1 / 255)
    grey = [ct.ImageType(name="mask", color_layout=ct.colorlayout.GRAYSCALE)]
    path = converted(Blue(), torch.rand(SHAPE), tmp_path / "grey.mlpackage", given, outputs=grey)
    (row,) = json.loads(invoke("eval", str(path), "--data", "drawn", "--json").stdout)
    assert row["output"]["threshold"] == 127.5
    assert row["iou"]["value"] > 0.85


def test_core_ml_is_given_the_photograph_whatever_the_order_of_its_planes(image: Theirs) -> None:
    """Loaded as on a Mac, and not run."""
    opened = CoreMLModel(image.package, 1)
    levels = np.random.default_rng(0).integers(0, 256, (1, 3, SIDE, SIDE), dtype=np.uint8)
    opened.feed((levels / 255).astype(np.float32))
    assert np.array_equal(np.asarray(opened.given["x"]), levels[0].transpose(1, 2, 0))
    opened.set_inputs([levels[:, ::-1]])
    assert np.array_equal(np.asarray(opened.given["x"]), levels[0].transpose(1, 2, 0))
    opened.fill(0)
    assert np.asarray(opened.given["x"]).max() == 255
