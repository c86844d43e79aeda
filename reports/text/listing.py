"""A list of records: as a table for people, as Markdown, or as CSV for programs."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reports.text.fitting import fitted, width, words, wrapped

Format = Literal["table", "markdown", "csv"]
FORMATS: tuple[Format, ...] = ("table", "markdown", "csv")
SOURCE = "source"
GAP = "  "
_COMMAND = re.compile(r"(`bench [^`]*`)")
# What Markdown would read as markup: not an underscore within a word, nor a bracket by itself.
_MARKUP = re.compile(
    r"[*<|`]|\\(?=[^\w\s])|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|~(?=~)|&(?=#?\w+;)"
)
_FORMULA = re.compile(r"[=+\-@\t\r]")
_FIGURES = re.compile(r"[-\de. ]+")
# How a cell may be broken.
Parts = Callable[[str], list[str]]


@dataclass(frozen=True, kw_only=True)
class Column:
    """What people see of a record. right: set to the right, as numbers are."""

    title: str
    text: Callable[[Any], str]
    right: bool = False


def column(title: str, key: str, right: bool = False) -> Column:
    """A record's value as it is; empty where it is null."""
    return Column(
        title=title,
        text=lambda record: "" if record[key] is None else str(record[key]),
        right=right,
    )


def listing(columns: Sequence[Column], records: Sequence[Any], format: Format = "table") -> str:
    """A line a record. CSV holds the values themselves, under the names that --json has; for it
    the records are mappings."""
    if format == "csv":
        return _csv(records)
    titles = [one.title for one in columns]
    rows = [[_plain(one.text(record)) for one in columns] for record in records]
    right = [one.right for one in columns]
    return _markdown(titles, rows, right) if format == "markdown" else _table(titles, rows, right)


def flat(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Its single values: those of a record inside it are named `outer.inner`, those of a list
    stand in one, parted by semicolons; of a list by source, by the source's name."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, list) and value and all(map(_of_source, value)):
            for one in value:
                rest = {name: found for name, found in one.items() if name != SOURCE}
                yield from flat(rest, f"{before}{key}.{one[SOURCE]}.")
        elif isinstance(value, list | tuple):
            yield f"{before}{key}", "; ".join(map(str, value))
        else:
            yield f"{before}{key}", value


def _of_source(value: Any) -> bool:
    return isinstance(value, Mapping) and SOURCE in value


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    rows = [dict(flat(record)) for record in records]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    # A record that is null in some rows has its columns from the others.
    names = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_value(row.get(name)) for name in names] for row in rows)
    return stream.getvalue().rstrip("\n")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _plain(str(_no_formula(value)))


def csv_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Flat ones of the same figures, at full precision."""
    import pandas as pd

    rows = [{name: _no_formula(value) for name, value in one.items()} for one in records]
    text: str = pd.DataFrame(rows).to_csv(index=False)
    return text


def _no_formula(value: Any) -> Any:
    """A spreadsheet takes a text that begins like a formula for one: names may come from anywhere.
    Figures are left as they are."""
    if isinstance(value, str) and _FORMULA.match(value) and not _FIGURES.fullmatch(value):
        return f"'{value}"
    return value


def _plain(cell: str) -> str:
    """One line, without what would act on a terminal."""
    if cell.isprintable():
        return cell
    from zoo.base.pictures import shown

    return shown(cell)


def literal(text: str) -> str:
    """Markdown that shows this very text, whatever names stand in it. `bench ...` between backticks
    stays a command."""
    pieces = _COMMAND.split(text)
    return "".join(
        piece.replace("|", "\\|") if place % 2 else _MARKUP.sub(r"\\\g<0>", piece)
        for place, piece in enumerate(pieces)
    )


def _markdown(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    rule = ["---:" if each else "---" for each in right]
    lines = [titles, *([literal(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _table(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    cells = list(zip(titles, *rows, strict=True))
    # In a pipe there is no limit.
    most = width() or sys.maxsize
    # Where whole intervals do not fit side by side, they are broken too.
    for parts in (words, str.split):
        if widths := _narrowed(cells, parts, most):
            return _lines(titles, rows, right, widths, parts)
    return _blocks(titles, rows)


def _narrowed(cells: Sequence[Sequence[str]], parts: Parts, most: int) -> list[int] | None:
    """The widest columns give way first; None where not even their words fit side by side."""
    widths = [max(map(len, column)) for column in cells]
    least = [max((len(w) for c in column for w in parts(c)), default=0) for column in cells]
    allowed = most - len(GAP) * (len(widths) - 1)
    while sum(widths) > allowed:
        spare = [(now, place) for place, now in enumerate(widths) if now > least[place]]
        if not spare:
            return None
        widths[max(spare)[1]] -= 1
    return widths


def _lines(
    titles: list[str], rows: list[list[str]], right: list[bool], widths: list[int], parts: Parts
) -> str:
    head = _row(titles, right, widths, parts)
    if _styled():
        head = "\n".join(f"\x1b[1m{line}\x1b[0m" for line in head.split("\n"))
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    return "\n".join([head, rule, *(_row(row, right, widths, parts) for row in rows)])


def _row(row: Sequence[str], right: list[bool], widths: list[int], parts: Parts) -> str:
    """As many lines as its tallest cell takes."""
    broken = [wrapped(parts(cell), width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, broken))):
        cells = [cell[number] if number < len(cell) else "" for cell in broken]
        places = zip(cells, widths, right, strict=True)
        lines.append(GAP.join(c.rjust(w) if r else c.ljust(w) for c, w, r in places).rstrip())
    return "\n".join(lines)


def _blocks(titles: list[str], rows: list[list[str]]) -> str:
    """For a narrow terminal: a record as lines of its own, so that nothing is cut off."""
    wide = max(map(len, titles))
    blocks = [
        "\n".join(
            fitted(f"{title:{wide}}  {cell}")
            for title, cell in zip(titles, row, strict=True)
            if cell
        )
        for row in rows
    ]
    return "\n\n".join(blocks)


def _styled() -> bool:
    """Whether the terminal is to be styled (no-color.org)."""
    quiet = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not quiet
