"""The bars of IoU: differences from the best of a picture, over the same images."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import made
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from devices.records import RunRequest
from reports.gather.joined import Joined
from reports.gather.reference import bar_of
from reports.gather.rows import Row
from reports.load import report_of
from reports.stored.read import read_sessions
from reports.text.tables import difference_text
from reports.write import write_report
from zoo.artifact.iou import ImageCounts
from zoo.home import Home

SPECS = made.SPECS[::3]
BEST = "mnv2_slim_unet_1.0_224"
ODD = SPECS[1].name


def of_other_images(home: Home, request: RunRequest) -> Joined:
    """One model's counts are of other images, under the same name."""
    found = made.accuracy_of(home, request)
    if request.model != ODD:
        return found
    return replace(found, counts=tuple(replace(c, image=f"x{c.image}") for c in found.counts))


def resampled(ours: tuple[ImageCounts, ...], theirs: tuple[ImageCounts, ...]) -> list[float]:
    """The 95 % interval of the difference, by drawing image numbers one by one."""
    generator = np.random.default_rng(12345)
    pairs = np.array(
        [
            (a.intersection, a.union, b.intersection, b.union)
            for a, b in zip(ours, theirs, strict=True)
        ]
    )
    drawn = pairs[generator.integers(len(pairs), size=(4000, len(pairs)))].sum(axis=1)
    found = drawn[:, 0] / drawn[:, 1] - drawn[:, 2] / drawn[:, 3]
    return [float(x) for x in np.percentile(found, [2.5, 97.5])]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], Path]:
    home = Home(root=tmp_path_factory.mktemp("bars"))
    made.store(home, [made.device()], SPECS, sessions=6)
    report = report_of(*read_sessions([home]), of_other_images)
    write_report(home.report, report)
    return list(report.rows), home.report


def test_a_bar_is_the_paired_interval_around_the_point(shown: tuple[list[Row], Path]) -> None:
    rows, _ = shown
    best = next(row for row in rows if row.is_reference)
    assert best.model == BEST
    for row in rows:
        iou = row.joined.iou
        assert iou is not None
        low, high = bar_of(row)
        if row.model == ODD:
            assert (low, high) == (iou.low, iou.high)
        elif row is best:
            assert low == high == iou.value
        else:
            # The counts as they are stored, resampled here in another way.
            expected = resampled(row.joined.counts, best.joined.counts)
            near = 0.1 * (expected[1] - expected[0])
            assert near > 0
            assert best.joined.iou is not None
            assert low - best.joined.iou.value == pytest.approx(expected[0], abs=near)
            assert high - best.joined.iou.value == pytest.approx(expected[1], abs=near)
            assert low < iou.value < high


def test_the_picture_shows_these_bars_and_says_so(shown: tuple[list[Row], Path]) -> None:
    rows, folder = shown
    picture = ElementTree.parse(folder / "pareto.svg").getroot()
    collections = [g for g in picture.iter() if g.get("id", "").startswith("LineCollection")]
    lengths, dashed = [], 0
    for path in (path for group in collections for path in group.iter() if path.get("d")):
        x1, y1, x2, y2 = map(float, re.findall(r"-?[\d.]+", str(path.get("d"))))
        if x1 == x2:
            lengths.append(abs(y2 - y1))
            dashed += "stroke-dasharray" in str(path.get("style"))
    heights = np.sort([high - low for low, high in map(bar_of, rows)])
    assert np.allclose(np.sort(lengths), heights * (max(lengths) / heights[-1]), atol=0.02)
    assert dashed == 1
    words = " ".join((folder / "pareto.svg").read_text().split())
    told = " ".join(re.findall(r">([^<>]+)</text>", words))
    assert f"difference from {BEST} (ringed)" in told
    assert f"dashed (1 of {len(rows)})" in told
    with Image.open(folder / "pareto.png") as png:
        assert png.size[1] > 600


def test_the_tables_hold_the_same_differences(shown: tuple[list[Row], Path]) -> None:
    rows, folder = shown
    table = pd.read_csv(folder / "table.csv").set_index("model")
    markdown = (folder / "table.md").read_text()
    for row in rows:
        line = next(line for line in markdown.splitlines() if line.startswith(f"| {row.model} "))
        assert f"| {difference_text(row)} |" in line
        known = table.loc[row.model]
        assert known.iou_reference == BEST
        if row.model == ODD:
            assert difference_text(row) == "of other images"
            assert np.isnan(known.iou_from_reference)
        elif row.model != BEST:
            shift = known.iou - known.iou_from_reference
            ends = shift + known.iou_from_reference_low, shift + known.iou_from_reference_high
            assert ends == pytest.approx(bar_of(row), abs=1e-9)
