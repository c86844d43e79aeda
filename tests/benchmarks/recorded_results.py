"""Raw results of the benchmarks as JSON lines, so that a run that was ended goes on where it was.

They lie in the folder BENCH_SELF_RESULTS; without it in one that is new each time. A result is
found again by its settings: what it was made of, under which load, and its number.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bench.sessions.record import Session

Row = dict[str, Any]


def count(name: str, default: int) -> int:
    """How often something is repeated: BENCH_SELF_<name>, if it is set."""
    return int(os.environ.get(f"BENCH_SELF_{name}", str(default)))


class Results:
    """The results of one benchmark, a line each."""

    def __init__(self, factory: pytest.TempPathFactory, name: str) -> None:
        given = os.environ.get("BENCH_SELF_RESULTS")
        self.folder = Path(given) if given else factory.getbasetemp() / "results"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name, self.path = name, self.folder / f"{name}.jsonl"

    def having(self, **settings: Any) -> list[Row]:
        """Those with these settings."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        rows: list[Row] = [json.loads(line) for line in lines]
        return [row for row in rows if settings.items() <= _plain(row).items()]

    def once(self, make: Callable[[], Row], **settings: Any) -> Row:
        """The result with these settings; made and stored where there is none yet."""
        if found := self.having(**settings):
            return found[0]
        row = settings | make()
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        return row

    def keep(self, sessions: Iterable[Session], number: str) -> None:
        """The sessions of a result, a line each, in a file of their own."""
        lines = [session.model_dump_json() for session in sessions]
        (self.folder / f"{self.name}-{number}-sessions.jsonl").write_text("\n".join(lines) + "\n")


def _plain(row: Row) -> Row:
    """What can be a setting."""
    return {key: value for key, value in row.items() if isinstance(value, str | int | float)}
