"""Collects figures of the tool itself, prints them against their bounds, and stores them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Figure = Callable[[str, float, str, float, str], None]
_figures: list[dict[str, object]] = []


@pytest.fixture
def figure() -> Figure:
    """Record a figure: name, value, comparison (`>=` or `<=`), bound, unit. Fails beyond it."""

    def record(name: str, value: float, comparison: str, bound: float, unit: str) -> None:
        held = value >= bound if comparison == ">=" else value <= bound
        row = {"name": name, "value": round(value, 4), "bound": f"{comparison} {bound}"}
        _figures.append(row | {"unit": unit, "held": held})
        assert held, f"{name}: {value:.3f} {unit}, bound {comparison} {bound}"

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _figures:
        return
    lines = ["| figure | measured | bound | |", "|---|---|---|---|"]
    for row in _figures:
        held = "held" if row["held"] else "MISSED"
        lines.append(f"| {row['name']} | {row['value']} {row['unit']} | {row['bound']} | {held} |")
    for line in lines:
        terminalreporter.write_line(line)
    if target := os.environ.get("BENCH_SELF_OUTPUT"):
        Path(target).write_text("\n".join(lines) + "\n")
        terminalreporter.write_line(f"written: {target}")
