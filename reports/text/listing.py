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

from reports.text.fitting import fitted, width

Format = Literal["table", "markdown", "csv"]
FORMATS: tuple[Format, ...] = ("table", "markdown", "csv")
GAP = "  "
# An interval in brackets is never broken.
_WORD = re.compile(r"\[[^\]]*\]\S*|\S+")


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
    stand in one, parted by semicolons."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{before}{key}", "; ".join(map(str, value))
        else:
            yield f"{before}{key}", value


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
    return "" if value is None else _plain(str(value))


def _plain(cell: str) -> str:
    """One line, without what would act on a terminal."""
    if cell.isprintable():
        return cell
    from zoo.base.pictures import shown

    return shown(cell)


def _markdown(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    rule = ["---:" if each else "---" for each in right]
    lines = [[cell.replace("|", "\\|") for cell in row] for row in [titles, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _table(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    cells = list(zip(titles, *rows, strict=True))
    natural = [max(map(len, column)) for column in cells]
    most = width()
    widths = natural if most is None else _narrowed(cells, natural, most)
    if widths is None:
        return _blocks(titles, rows)
    lines = [_line(titles, widths, right, bold=True)]
    lines.append("─" * (sum(widths) + len(GAP) * (len(widths) - 1)))
    return "\n".join([*lines, *(_line(row, widths, right) for row in rows)])


def _narrowed(
    cells: Sequence[Sequence[str]], natural: Sequence[int], most: int
) -> list[int] | None:
    """The widest columns give way first; None where not even whole words fit side by side."""
    least = [max((len(w) for c in column for w in _WORD.findall(c)), default=0) for column in cells]
    widths, allowed = list(natural), most - len(GAP) * (len(natural) - 1)
    while sum(widths) > allowed:
        spare = [(now, place) for place, now in enumerate(widths) if now > least[place]]
        if not spare:
            return None
        widths[max(spare)[1]] -= 1
    return widths


def _line(row: Sequence[str], widths: list[int], right: list[bool], bold: bool = False) -> str:
    """As many lines as its tallest cell takes."""
    broken = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, broken))):
        cells = [cell[number] if number < len(cell) else "" for cell in broken]
        places = zip(cells, widths, right, strict=True)
        line = GAP.join(c.rjust(w) if r else c.ljust(w) for c, w, r in places).rstrip()
        lines.append(f"\x1b[1m{line}\x1b[0m" if bold and _styled() else line)
    return "\n".join(lines)


def _broken(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    lines = [""]
    for word in _WORD.findall(cell):
        longer = f"{lines[-1]} {word}".lstrip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


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
