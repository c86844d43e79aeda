"""The columns of the page's table: a key that its scripts sort by, a heading, and a cell's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.gather.rows import Row
from reports.text.tables import (
    NOT_MEASURED,
    complexity_text,
    difference_text,
    front_text,
    iou_text,
    p50_text,
    points_text,
    relative_text,
)

Text = Callable[[Row, Sequence[Row]], str]


def _number(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else f"{value:{form}}"


def _short(text: str) -> str:
    """As in the other tables; the method says what is too few."""
    return text.replace(" (too few sessions for an interval)", " (too few)")


def _change(row: Row) -> str:
    change = row.joined.iou_change
    return NOT_MEASURED if change is None else points_text(change)


def _sessions(row: Row) -> str:
    every = len(row.sessions) + len(row.left_out)
    return f"{len(row.sessions)} of {every}" + ("" if row.usable else ", none counts")


def _front(row: Row) -> str:
    if row.joined.rejected:
        return "rejected"
    return front_text(row) or ("close" if row.near_front else "")


def _mega(value: int | None, form: str) -> str:
    return _number(None if value is None else value / 1e6, form)


COLUMNS: tuple[tuple[str, str, Text], ...] = (
    ("model", "model", lambda row, rows: row.model),
    ("runtime", "runtime", lambda row, rows: f"{row.facet.runtime} {row.facet.runtime_version}"),
    ("threads", "threads", lambda row, rows: str(row.facet.threads)),
    ("precision", "precision", lambda row, rows: row.facet.precision),
    ("parameters", "params, M", lambda row, rows: complexity_text(row, "parameters")),
    ("macs", "MACs, M", lambda row, rows: complexity_text(row, "macs")),
    ("iou", "IoU [95 %]", lambda row, rows: iou_text(row.joined)),
    ("difference", "IoU from reference, points", lambda row, rows: difference_text(row)),
    ("p50", "p50 ms [range]", lambda row, rows: _short(p50_text(row))),
    ("relative", "relative [95 %]", lambda row, rows: _short(relative_text(row, rows))),
    ("p90", "p90 ms", lambda row, rows: _number(row.p90_ms.value if row.p90_ms else None, ".2f")),
    ("chance", "front", lambda row, rows: _front(row)),
    ("size", "MB", lambda row, rows: _mega(row.joined.size_bytes, ".2f")),
    ("first", "first ms", lambda row, rows: _number(row.first_inference_ms, ".2f")),
    ("load", "load ms", lambda row, rows: _number(row.load_ms, ".1f")),
    ("peak", "peak MB", lambda row, rows: _mega(row.peak_memory_bytes, ".0f")),
    ("change", "IoU from torch, points", lambda row, rows: _change(row)),
    ("sessions", "sessions", lambda row, rows: _sessions(row)),
)
