"""Collects figures of the tool itself, prints them against their bounds, and stores them."""

from __future__ import annotations

import json
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
    for row in _figures:
        terminalreporter.write_line(
            f"{row['name']!s:62} {row['value']!s:>9} {row['unit']!s:7} {row['bound']!s:9} "
            f"{'held' if row['held'] else 'MISSED'}"
        )
    target = os.environ.get("BENCH_SELF_OUTPUT")
    if target:
        Path(target).write_text(json.dumps(_figures, indent=1) + "\n")
        terminalreporter.write_line(f"written: {target}")
