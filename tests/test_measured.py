"""The stored figures are of the package's own weights, or say of which they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from measure.figures import FIGURES
from measure.record import DOCS, Made, hashes, present_weights, read_record
from measure.workshop import Workshop

from zoo.base.errors import BenchError

ROOT = DOCS.parent
ARCHIVE = DOCS / "measured" / "archive"
RECORD = "made.json"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def stored() -> list[str]:
    """Paths under docs of all that was measured, but the archive."""
    paths = [*(DOCS / "measured").rglob("*"), *(DOCS / "example-report").rglob("*")]
    kept = [p for p in paths if p.is_file() and ARCHIVE not in p.parents]
    return sorted(p.relative_to(DOCS).as_posix() for p in kept if p.name != RECORD)


def test_every_stored_figure_is_made_by_make_measured() -> None:
    assert set(stored()) <= {name for figure in FIGURES for name in figure.files}
    assert stored() == sorted(name for one in read_record().values() for name in one.files)


def of_other_weights(made: dict[str, Made], weights: str) -> list[str]:
    return [name for name, one in made.items() if one.weights != weights]


def test_every_stored_figure_is_of_the_present_weights() -> None:
    made = read_record()
    assert set(made) <= {figure.name for figure in FIGURES}
    remedy = "make measured, or move it to docs/measured/archive with its date"
    assert of_other_weights(made, present_weights()) == [], remedy


@pytest.mark.parametrize("name", sorted(read_record()))
def test_a_stored_figure_is_as_it_was_made(name: str) -> None:
    """Not mended by hand, nor half of it made again."""
    files = read_record()[name].files
    assert hashes(tuple(files)) == files


def undated(page: str) -> list[str]:
    """Files of the archive that a page shows or links without its date in the paragraph, or in the
    one before the block."""
    found = []
    paragraphs = re.split(r"\n\s*\n", re.sub("<!-- end .*-->", "", page))
    for place, text in enumerate(paragraphs):
        for date, file in re.findall(r"measured/archive/(\d{4}-\d\d-\d\d)/([\w./-]+)", text):
            near = "\n".join(paragraphs[max(0, place - 1) : place + 1])
            said = re.sub(r"measured/archive/\S+", "", near)
            if date not in said or "rchive" not in said:
                found.append(f"{date}/{file}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_say_what_is_of_the_archive(page: Path) -> None:
    assert undated(page.read_text()) == []


def test_figures_of_other_weights_are_noticed() -> None:
    """The checks above can fail."""
    one = next(iter(read_record().values()))
    assert of_other_weights({"one": one}, "0" * 64) == ["one"]
    shown = "\n\n<!-- begin docs/measured/archive/2026-11-26/a.md -->"
    assert undated(f"As measured:{shown}") == ["2026-11-26/a.md"]
    assert undated(f"From the archive, of 2026-11-26:{shown}") == []


def test_a_benchmark_that_breaks_leaves_the_figures_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One beyond its bound is a figure like others."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests/support"))
    table, source = tmp_path / "figures.md", tmp_path / "test_it.py"
    shop = Workshop(tmp_path / "shop", None, None)
    slow = "def test_slow(figure):\n    figure('time', 2, 's', at_most=1)\n"
    source.write_text(slow)
    shop.benchmark(str(table), str(source), "-p", "self_figures")
    written = table.read_text()
    assert "| time | 2 s | <= 1 | MISSED |" in written
    source.write_text(slow.replace("2", "3") + "def test_broken(figure):\n    1 / 0\n")
    with pytest.raises(BenchError, match=r"test_it\.py did not come to its end"):
        shop.benchmark(str(table), str(source), "-p", "self_figures")
    assert table.read_text() == written
