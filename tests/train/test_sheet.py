"""Contact sheets: what a data set looks like, and what a model gets wrong on it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, Chain, invoke
from PIL import Image

from bench.cli.training.sheet import tinted
from reports.pictures.overlay import MISSED, STRENGTH, TINT, TOO_MUCH, errors
from reports.pictures.sheet import TILE
from train.data.dataset import Dataset
from train.synthetic.prepare import NAME
from zoo.artifact.iou import pooled, read_counts
from zoo.checkpoint import COUNTS_NAME
from zoo.home import Home
from zoo.registry import get


def test_a_contact_sheet_of_any_data_set(home: Home, tmp_path: Path) -> None:
    invoke("data", "synthetic", "--train", "6", "--validation", "2")
    path = tmp_path / "sheet.jpg"
    assert "8 of 8" in invoke("data", "sheet", NAME, "--output", str(path)).output
    with Image.open(path) as sheet:
        assert np.asarray(sheet).std() > 30


def test_tiles_are_small_and_a_photograph_may_be_smaller_than_its_mask() -> None:
    """As one of over 100 megapixels is, which is decoded at half its size."""
    labels = np.zeros((900, 1200), np.uint8)
    labels[:, 600:] = 1
    for size in ((1200, 900), (600, 450)):
        tile, painted = tinted(Image.new("RGB", size, (100, 100, 100)), labels)
        assert tile.size == painted.size == (TILE, TILE * 3 // 4)
        left, right = np.asarray(painted)[40, [10, 100]]
        assert left.tolist() == [100, 100, 100]
        assert right == pytest.approx(100 * (1 - STRENGTH) + np.array(TINT) * STRENGTH, abs=1)


def test_the_worst_are_those_that_were_counted_worst(in_chain: Chain, tmp_path: Path) -> None:
    path = tmp_path / "worst.png"
    words = ("data", "sheet", "drawn", "--worst", TINY, "--count", "3", "--output", str(path))
    told = json.loads(invoke(*words, "--json").output)
    folder = in_chain.home.checkpoint_folder(get(TINY))
    counts = {one.image: one for one in read_counts(folder / COUNTS_NAME)}
    items = Dataset.open(in_chain.home, "drawn").items("validation")
    wrong = {
        item.id: (counts[item.id].union - counts[item.id].intersection) / item.width / item.height
        for item in items
    }
    worst = sorted(wrong, key=lambda image: -wrong[image])[:3]
    assert [one["image"] for one in told["images"]] == worst
    assert told["of"] == len(items)
    assert told["share_of_wrong"] == pytest.approx(
        sum(wrong[image] for image in worst) / sum(wrong.values())
    )
    for one in told["images"]:
        assert one["iou"] == pytest.approx(pooled([counts[one["image"]]]), abs=1e-4)
    with Image.open(path) as sheet:
        assert sheet.height == TILE
    assert "gets most wrong\n" in invoke(*words).output
    rows = csv.DictReader(io.StringIO(invoke(*words, "--format", "csv").stdout))
    assert [row["image"] for row in rows] == worst
    assert "--worst" in invoke(*words[:3], "--format", "csv", status=2).output


def test_each_mistake_has_its_colour() -> None:
    grey = Image.new("RGB", (4, 1), (100, 100, 100))
    found, labelled = np.array([[1, 0, 1, 0]], bool), np.array([[1, 1, 0, 0]], bool)
    painted = np.asarray(errors(grey, found, labelled))[0]
    for pixel, colour in zip(painted, (TINT, MISSED, TOO_MUCH), strict=False):
        assert pixel == pytest.approx(100 * (1 - STRENGTH) + np.array(colour) * STRENGTH, abs=1)
    assert painted[3].tolist() == [100, 100, 100]
