"""The page's bars and its CSV, in a real browser: what a reader chooses, sees and takes away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pytest
from browser import Page, chromium
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from reports.gather.pairs import iou_difference
from reports.gather.reference import bar_of
from reports.gather.rows import Row
from reports.write import write_report
from zoo.artifact.iou import points_text
from zoo.home import Home

OTHER = "mnv2_slim_unet_0.5_160"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as found:
        found.size(1280, 900)
        yield found
        assert found.asked() == []
        assert found.complaints() == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Row]]:
    home = Home(root=tmp_path_factory.mktemp("made"))
    made.store(home, [made.device()], precisions=("fp32", "int8"), sessions=6)
    found = made.report(home)
    return write_report(home.report, found), {row.key: row for row in found.rows}


def bars(page: Page) -> dict[str, Any]:
    """The ends of each point's upright bar, and the pixels it takes."""
    found = page.run("""
        return [...document.querySelectorAll('#scatter .mark-rule line')].map((line) => {
            const { datum } = line.__data__;
            const { width, height } = line.getBoundingClientRect();
            return datum.key && width < 2 ? [datum.key, datum.ylow, datum.yhigh, height] : null;
        }).filter(Boolean);
    """)
    return {key: (low, high, pixels) for key, low, high, pixels in found}


def test_the_select_changes_what_the_bars_are_from(
    page: Page, report: tuple[Path, dict[str, Row]]
) -> None:
    path, rows = report
    page.open(path)
    first = bars(page)
    assert len(first) == len(rows)
    for key, (low, high, pixels) in first.items():
        assert (low, high) == pytest.approx(bar_of(rows[key]), abs=2e-4)
        assert (pixels < 1.5) == rows[key].is_reference
    assert page.text("#scatter").count("difference from mnv2_slim_unet_1.0_224 (ringed)") == 2
    page.picture("paired")
    Select(page.find("#from")).select_by_visible_text(OTHER)
    page.drawn()
    second = bars(page)
    assert page.text("#scatter").count(f"difference from {OTHER} (ringed)") == 2
    lines = {line.get_attribute("data-row"): line.text for line in page.every(".place tbody tr")}
    for key, row in rows.items():
        same = (r for r in rows.values() if r.facet == row.facet and r.model == OTHER)
        found, iou = iou_difference(row, next(same)), row.joined.iou
        assert found is not None
        assert iou is not None
        assert found.low is not None
        assert found.high is not None
        ends = iou.value - found.value + found.low, iou.value - found.value + found.high
        assert second[key][:2] == pytest.approx(ends, abs=2e-4)
        assert ("the reference" if row.model == OTHER else points_text(found)) in lines[key]
    page.find("#plain").click()
    page.drawn()
    assert "interval over images, of each model by itself" in page.text("#scatter")
    for key, (low, high, _) in bars(page).items():
        iou = rows[key].joined.iou
        assert iou is not None
        assert (low, high) == pytest.approx((iou.low, iou.high), abs=2e-4)
    sent = page.driver.current_url.partition("#")[2]
    page.open(path, sent.replace("bars=images", "bars=nonsense"))
    assert bars(page) == second
    page.open(path, sent)
    assert page.find("#plain").is_selected()


def test_the_table_has_what_a_network_costs_on_paper(
    page: Page, report: tuple[Path, dict[str, Row]]
) -> None:
    path, rows = report
    page.open(path)
    page.every("th[data-key=macs] button")[0].click()
    page.drawn()
    heads = [head.get_attribute("data-key") for head in page.every(".place th")]
    lines = page.every(".place tbody tr")
    cells = [
        [line.find_elements("tag name", "td")[heads.index(k)].text for k in ("parameters", "macs")]
        for line in lines
    ]
    macs = [float(cell[1]) for cell in cells]
    assert macs == sorted(macs)
    for line, (parameters, million) in zip(lines, cells, strict=True):
        paper = rows[str(line.get_attribute("data-row"))].complexity
        assert paper is not None
        assert float(parameters) == round(paper.parameters / 1e6, 2)
        assert float(million) == round(paper.macs / 1e6, 2)


def test_the_rows_that_are_shown_are_downloaded(
    page: Page, report: tuple[Path, dict[str, Row]], tmp_path: Path
) -> None:
    path, _ = report
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    page.open(path, "find=int8+224&sort=-p50")
    shown = [line.get_attribute("data-row") for line in page.every(".place tbody tr")]
    assert len(shown) == 4
    page.every(".download")[0].click()
    file = tmp_path / "rows.csv"
    WebDriverWait(page.driver, 20).until(lambda _: file.is_file())
    got = pd.read_csv(file)
    assert got.key.tolist() == shown
    whole = pd.read_csv(path.parent / "table.csv").set_index("key").loc[shown]
    assert got.model.tolist() == whole.model.tolist()
    for name in ("parameters", "macs", "size_bytes", "on_front", "iou_reference", "iou_of"):
        assert got[name].tolist() == whole[name].tolist(), name
    for name in ("iou", "iou_low", "iou_from_reference_high", "p50_ms", "relative", "load_ms"):
        assert got[name].tolist() == pytest.approx(whole[name].tolist(), rel=1e-3, abs=6e-5), name


def test_what_is_not_measured_names_a_command(
    page: Page, report: tuple[Path, dict[str, Row]]
) -> None:
    """Nothing made here has read any memory."""
    path, rows = report
    page.open(path, f"point={next(key for key, row in rows.items() if row.model == OTHER)}")
    command = r"bench run --model {} --device host --runtime litert --precision (fp32|int8)"
    assert re.search(rf"peak memory\s+not measured: {command.format(OTHER)}", page.text("#point"))
    assert re.search(command.format("NAME"), page.text(".place:not([hidden]) .lacking"))
