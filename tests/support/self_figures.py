"""Collects figures of the tool itself, prints them against their bounds, and stores them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Protocol

import pytest

_rows: list[str] = []
_missed: list[str] = []


class Figure(Protocol):
    """Record a figure; fails beyond its bound, if it has one."""

    def __call__(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float = -math.inf,
        at_most: float = math.inf,
    ) -> None: ...


@pytest.fixture
def figure() -> Figure:
    """Adds a row to the table that is printed at the end."""

    def record(
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float = -math.inf,
        at_most: float = math.inf,
    ) -> None:
        bounds = {">=": at_least, "<=": at_most}
        told = " ".join(f"{sign} {b:g}" for sign, b in bounds.items() if math.isfinite(b))
        held = at_least <= value <= at_most
        verdict = ("held" if held else "MISSED") if told else ""
        _rows.append(f"| {name} | {value:.4g} {unit} | {told} | {verdict} |")
        if not held:
            _missed.append(name)
            pytest.fail(f"{name}: {value:.4g} {unit}, bound {told}")

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _rows:
        return
    lines = ["| figure | measured | bound | |", "|---|---|---|---|", *_rows]
    for line in lines:
        terminalreporter.write_line(line)
    ended = [*terminalreporter.stats.get("failed", []), *terminalreporter.stats.get("error", [])]
    if len(ended) > len(_missed):
        terminalreporter.write_line("not written: not all that failed is a missed bound")
    elif target := os.environ.get("BENCH_SELF_OUTPUT"):
        Path(target).write_text("\n".join(lines) + "\n")
        terminalreporter.write_line(f"written: {target}")
