"""How an application shrinks its photograph: what each way is, and what it costs."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from commands import TINY, Chain, invoke
from PIL import Image
from torch.nn import functional as F

from reports.load import load
from reports.text.card import card
from zoo.app_resizing import RESIZES, area, as_photographed, halving, linear
from zoo.artifact.manifest import read_manifest
from zoo.artifact.resize_record import read_resizes
from zoo.registry import get
from zoo.resizing import resized

SPEC = get(TINY)


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_linear_is_what_torch_does_without_a_filter() -> None:
    picture = noise(1080, 810)
    tensor = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
    plain = F.interpolate(tensor, (224, 224), mode="bilinear", align_corners=False)
    expected = plain[0].permute(1, 2, 0).numpy()
    assert np.abs(linear(picture, 224) - expected).max() < 1.1


def test_area_and_halving_are_means_where_the_sides_divide() -> None:
    picture = noise(512, 256)
    means = np.asarray(picture, np.float64).reshape(128, 2, 128, 4, 3).mean((1, 3))
    assert np.abs(area(picture, 128) - means).max() <= 1.1
    # Two steps, each rounded.
    assert np.abs(halving(picture, 128) - means).max() <= 2.0


@pytest.mark.parametrize("name", RESIZES)
def test_a_smooth_picture_is_the_same_by_any_way(name: str) -> None:
    """None shifts the picture."""
    rows, columns = np.mgrid[0:300, 0:400]
    waves = np.stack([127 + 100 * np.sin(columns / 40 + k) * np.cos(rows / 30) for k in range(3)])
    smooth = Image.fromarray(waves.transpose(1, 2, 0).astype(np.uint8))
    assert np.abs(RESIZES[name](smooth, 128).astype(int) - resized(smooth, 128)).mean() < 1.0


def test_grain_is_the_same_each_time_and_as_strong_as_asked() -> None:
    grey = Image.new("RGB", (250, 200), (128, 128, 128))
    one, again, other = (
        np.asarray(as_photographed(grey, 1000, 5.0, name), np.float64) for name in "aab"
    )
    assert one.shape == (800, 1000, 3)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.std() == pytest.approx(5.0, abs=0.1)


def test_eval_tells_what_a_resize_costs_and_the_report_shows_it(in_chain: Chain) -> None:
    words = ("--model", TINY, "--format", "tflite", "--precision", "fp32", "--data", "drawn")
    options = ("--resize", "linear", "--resize", "area", "--side", "640", "--grain", "25")
    [row] = json.loads(invoke("eval", *words, *options, "--json").output)
    assert list(row["by_resize"]) == ["pil", "linear", "area"]
    lost = {name: found["difference"]["value"] for name, found in row["by_resize"].items()}
    # What is lost and what is gained is chance for a network of so short a training.
    assert {name for name, points in lost.items() if points} == {"linear", "area"}
    artifact = read_manifest(in_chain.home, SPEC).artifacts["tflite.fp32"]
    stored = read_resizes(in_chain.home, SPEC, artifact)
    assert stored is not None
    assert (stored.side, stored.grain, stored.images) == (640, 25, row["images"])
    assert "enlarged to 640 pixels, grain 25" in card(in_chain.home, SPEC, load(in_chain.home))
    text = invoke("eval", *words, *options).output
    assert re.search(r"tflite fp32 +drawn +linear +0\.\d{3} ", text)
    assert "enlarged to 640 pixels, grain 25" in text
    table = invoke("eval", *words, *options, "--format", "markdown").output.splitlines()
    assert [line.split(" | ")[3] for line in table[2:]] == ["pil", "linear", "area"]
