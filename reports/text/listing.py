"""A table for people, on a terminal or in a pipe, as Markdown or as CSV."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Sequence
from typing import Literal

Format = Literal["table", "markdown", "csv"]
FORMATS: tuple[Format, ...] = ("table", "markdown", "csv")
# No line of a pipe is broken, so that programs can search it.
UNBROKEN = 10_000


def listing(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    format: Format = "table",
    right: Sequence[str] = (),
) -> str:
    """right: the titles of columns that are set to the right, such as numbers."""
    match format:
        case "markdown":
            rule = ["---:" if title in right else "---" for title in titles]
            return "\n".join(f"| {' | '.join(line)} |" for line in [titles, rule, *rows])
        case "csv":
            stream = io.StringIO()
            csv.writer(stream, lineterminator="\n").writerows([titles, *rows])
            return stream.getvalue().rstrip("\n")
    return _table(titles, rows, right)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for title in titles:
        table.add_column(_plain(title), justify="right" if title in right else "left")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    width = shutil.get_terminal_size().columns if terminal else UNBROKEN
    console = Console(width=width, force_terminal=terminal, file=io.StringIO(), highlight=False)
    with console.capture() as caught:
        console.print(table)
    return "\n".join(line.rstrip() for line in caught.get().rstrip("\n").splitlines())


def _plain(cell: str) -> str:
    """Brackets are intervals here, and no markup."""
    from rich.markup import escape

    return escape(cell)
