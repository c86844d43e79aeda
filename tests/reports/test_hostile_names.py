"""What people call their phones is text, whatever signs it holds; and no session stops a report."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import made
import pytest
from commands import invoke
from recorded import sessions

from bench.check import check
from bench.sessions.store import write_session
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


# Each crashed some command that read it.
@pytest.mark.parametrize(
    "changed",
    [
        {"started_at": "2026-01-01T00:00:00"},
        {"device": {"cores": 0}},
        {"device": {"memory_bytes": 10**400}},
        {"request": {"runtime": "magic"}},
        {"request": {"runtime": "litert; ls"}},
        {"request": {"precision": "fp32 $(ls)"}},
        {"run": {"load_ns": []}},
        {"run": {"load_ns": [10**400]}},
        {"run": {"conditions_before": {"busy_s": {"value": 10**400}}}},
        {"run": {"series": {"stages_ns": {"resize": [1]}}}},
    ],
)
def test_a_session_that_can_not_be_is_named_and_the_rest_loads(
    home: Home, changed: dict[str, Any]
) -> None:
    (one, other) = sessions()
    write_session(home, one)
    path = write_session(home, other)
    path.write_text(json.dumps(merged(json.loads(path.read_text()), changed)))
    told = invoke("report").output
    assert path.name in (home.report / "table.md").read_text(), told
    invoke("check", "last", status=3)
    invoke("show", one.id)


def merged(value: Any, changed: Any) -> Any:
    """A record with some of its values replaced."""
    if not isinstance(value, dict) or not isinstance(changed, dict):
        return changed
    return value | {name: merged(value.get(name), part) for name, part in changed.items()}


def test_a_name_is_one_word_in_the_commands_that_are_printed() -> None:
    (session, _) = sessions()
    asked = session.request.model_copy(update={"model": "a; b"})
    seen = check([session.model_copy(update={"request": asked})])
    assert any("--model 'a; b' " in weak.remedy for weak in seen)
