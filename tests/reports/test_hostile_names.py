"""What people call their phones is text, whatever signs it holds."""

from __future__ import annotations

import csv
from pathlib import Path

import made

from reports.write import write_report
from zoo.home import Home

NAMES = ("Ca$$h's phone", "$^$", '=HYPERLINK("http://x.example")', "-1+1")


def test_a_name_is_no_formula(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    made.store(home, [made.device(name) for name in NAMES], made.SPECS[:2], sessions=6)
    folder = write_report(tmp_path / "out", made.report(home)).parent
    picture = (folder / "pareto.svg").read_text()
    assert "$$" in picture
    assert "$^$" in picture
    with (folder / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["device"].lstrip("'") for row in rows} == set(NAMES)
    assert all(row["device"][0] not in "=+-@" for row in rows)
    # Figures are left alone: the reference has nothing that it is relative to.
    assert any(row["session_relatives"].startswith("- ") for row in rows)
