"""What people call their phones is text, whatever signs it holds."""

from __future__ import annotations

import csv
from pathlib import Path

import made
import pytest

from reports.write import write_report
from zoo.home import Home


@pytest.mark.parametrize("name", ["Ca$$h's phone", "$^$", '=HYPERLINK("http://x.example")', "-1+1"])
def test_a_name_is_no_formula(tmp_path: Path, name: str) -> None:
    home = Home(root=tmp_path)
    made.store(home, [made.device(name)], made.SPECS[:2], precisions=("fp32", "int8"), sessions=6)
    folder = write_report(tmp_path / "out", made.report(home)).parent
    assert name.partition('"')[0] in (folder / "pareto.svg").read_text().replace("&#39;", "'")
    with (folder / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["device"].lstrip("'") for row in rows} == {name}
    assert all(row["device"][0] not in "=+-@" for row in rows)
    # Figures are left alone: the reference has nothing that it is relative to.
    assert any(row["session_relatives"].startswith("- ") for row in rows)
