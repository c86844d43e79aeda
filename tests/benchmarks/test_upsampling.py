"""Whether another way of doubling in the decoder is quicker in int8: all give the same masks.

    BENCH_SELF_OUTPUT=docs/measured/precision/upsampling.md \\
        .venv/bin/python -m pytest tests/benchmarks/test_upsampling.py -p no:cacheprovider -s

onnxruntime runs a linear Resize of an int8 file in fp32, one of nearest pixels in 8 bits. Doubling
by half-pixel bilinear is nearest doubling and a depthwise convolution by [1 2 1] x [1 2 1] / 16, or
one transposed convolution by [1 3 3 1] x [1 3 3 1] / 16, but for the outermost pixels. The weights
are those of the package, so nothing is trained again; ranges are taken on drawn portraits. Masks
are compared on drawn portraits too: with photographs at hand (BENCH_SELF_HOME) IoU is counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from self_figures import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from bench.protocol import Known, measure
from bench.sessions.record import Plan
from bench.work.item import Work
from devices.host.device import HostDevice
from devices.records import Loop, RunRequest, Turns
from train.data.dataset import Dataset
from train.evaluate import evaluate
from train.proof.ranges import activation_ranges
from train.synthetic.scene import portrait
from zoo.artifact.iou import paired_difference, span_text
from zoo.artifact.label import Label
from zoo.base.files import sha256_of
from zoo.box import take
from zoo.checkpoint import checkpoint_path, load
from zoo.export import onnx, tflite
from zoo.export.fold import folded
from zoo.export.ranges import network_ranges
from zoo.home import Home
from zoo.mnv2_slim_unet import AddingBlock, MobileNetV2SlimUNet
from zoo.network import Deployed, SegmentationNetwork
from zoo.preprocess import THRESHOLD
from zoo.registry import get
from zoo.resizing import to_input
from zoo.runtime.runtime import open_model

# Converters warn of what is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")
SPEC = get(os.environ.get("BENCH_SELF_MODEL", "mnv2_slim_unet_0.5_224"))
FORMATS = {"onnx": (onnx, "onnxruntime"), "tflite": (tflite, "litert")}
PRECISIONS = ("fp32", "int8")
# TFLite's TRANSPOSE_CONV has no groups: litert-torch 0.10.0 was not done with one after minutes.
UNTRIED = {("tflite", "transposed")}
PLAN = Plan(sessions=8, max_sessions=16, target=0.02, memory=False, loop=Loop(turns=Turns()))


class Bilinear(nn.Module):
    """As the zoo's own decoder."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class NearestAndDepthwise(nn.Module):
    """Nearest doubling, then a fixed 3x3 depthwise convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.blur = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.blur.weight.data.copy_(_kernel([1.0, 2.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        blurred: Tensor = self.blur(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return blurred


class Transposed(nn.Module):
    """A fixed 4x4 transposed convolution of each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(
            channels, channels, 4, stride=2, padding=1, groups=channels, bias=False
        )
        # Each output meets half of the taps along each side.
        self.up.weight.data.copy_(4 * _kernel([1.0, 3.0, 3.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        doubled: Tensor = self.up(x)
        return doubled


WAYS: dict[str, Callable[[int], nn.Module]] = {
    "bilinear": Bilinear,
    "nearest": NearestAndDepthwise,
    "transposed": Transposed,
}


def _kernel(taps: list[float]) -> Tensor:
    line = torch.tensor(taps) / sum(taps)
    return torch.outer(line, line)[None, None]


class Doubling(SegmentationNetwork):
    """The zoo's network with another way of doubling."""

    def __init__(self, network: MobileNetV2SlimUNet, way: str) -> None:
        super().__init__()
        self.encoder, self.decoder, self.head = network.encoder, network.decoder, network.head
        self.skips = network.skips
        channels = [next(up.parameters()).shape[0] for up in network.decoder]
        self.doubles = nn.ModuleList(WAYS[way](count) for count in [*channels, 1])

    def forward(self, image: Tensor) -> Tensor:
        skips, x = [], image
        for index, block in enumerate(self.encoder.children()):
            x = block(x)
            if index in self.skips:
                skips.append(x)
        for up, double, skip in zip(self.decoder, self.doubles, reversed(skips), strict=False):
            assert isinstance(up, AddingBlock)
            x = up.mix(up.sum(double(up.reduce(x)), up.lateral(skip)))
        probability: Tensor = self.doubles[-1](torch.sigmoid(self.head(x)))
        return probability

    def probability(self, image: Tensor) -> Tensor:
        found: Tensor = self(image)
        return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], Path]:
    """By format, way and precision, as far as the exporters make them."""
    folder = tmp_path_factory.mktemp("doubling")
    home = Home(root=folder)
    take(home, SPEC)
    images = [to_input(portrait(7, index)[0], SPEC.size) for index in range(64)]
    found: dict[tuple[str, str, str], Path] = {}
    for way in WAYS:
        network, _ = load(checkpoint_path(home, SPEC))
        assert isinstance(network, MobileNetV2SlimUNet)
        whole = Doubling(network, way)
        ranges, other = network_ranges(whole, activation_ranges(whole, images)), folded(whole)
        for format, (exporter, _) in FORMATS.items():
            if (format, way) in UNTRIED:
                continue
            made = {p: folder / f"{way}.{p}.{format}" for p in PRECISIONS}
            try:
                exporter.export(Deployed(other).eval(), SPEC, _label("fp32"), made["fp32"])
                exporter.recast(made["fp32"], _label("int8"), made["int8"], ranges)
            except Exception as error:  # exporters raise anything
                print(f"{way} in {format}: {type(error).__name__}: {str(error)[:300]}")
            found |= {(format, way, p): path for p, path in made.items() if path.is_file()}
    return found


def _label(precision: str) -> Label:
    return Label(
        name="doubling",
        version="0",
        precision=precision,
        checkpoint_sha256="0" * 64,
        data="none",
        target="hair",
    )


@pytest.mark.parametrize("format", FORMATS)
def test_latency(files: dict[tuple[str, str, str], Path], figure: Figure, format: str) -> None:
    """Relative to the bilinear file of the same precision, all in the same passes."""
    work = []
    for (kind, way, precision), path in files.items():
        if kind == format:
            beside = None if way == "bilinear" else files[format, "bilinear", precision]
            reference = None if beside is None else _request(beside, format)
            work.append(Work(request=_request(path, format), artifact=path, reference=reference))
    known = Known.of(list(measure(HostDevice(), work, PLAN)), PLAN)
    for one in work:
        ratio = known.ratio(one)
        if ratio is not None and ratio.low is not None:
            name = f"{SPEC.name}, {FORMATS[format][1]}: {one.artifact.stem} / bilinear"
            figure(f"{name} [{ratio.low:.3f}, {ratio.high:.3f}]", ratio.value, "")


def _request(path: Path, format: str) -> RunRequest:
    return RunRequest(
        model=path.name,
        size=None,
        format=format,
        precision="as given",
        artifact_sha256=sha256_of(path),
        runtime=FORMATS[format][1],
        threads=1,
    )


@pytest.mark.parametrize("format", FORMATS)
def test_masks(files: dict[tuple[str, str, str], Path], figure: Figure, format: str) -> None:
    """Each int8 file against the bilinear one in fp32; by IoU where there are photographs."""
    runtime = FORMATS[format][1]
    whole = open_model(files[format, "bilinear", "fp32"], runtime, 1).predict
    images = [to_input(portrait(8, index)[0], SPEC.size) for index in range(32)]
    given = os.environ.get("BENCH_SELF_HOME")
    dataset = Dataset.open(Home(root=Path(given)), "lfw") if given else None
    for way in WAYS:
        path = files.get((format, way, "int8"))
        if path is None:
            continue
        predict, name = open_model(path, runtime, 1).predict, f"{runtime}: {way}.int8"
        unlike = [np.mean((whole(x) > THRESHOLD) != (predict(x) > THRESHOLD)) for x in images]
        figure(f"{name}, pixels decided otherwise than fp32", 100 * float(np.mean(unlike)), "%")
        if dataset is not None:
            items = dataset.items("validation")[:250]
            ours, theirs = (evaluate(p, dataset, items, size=SPEC.size) for p in (predict, whole))
            lost = paired_difference(ours, theirs)
            points = span_text(lost.low, lost.high, "+.2f", 100)
            figure(f"{name}, IoU from fp32, points {points}", 100 * lost.value, "points")
