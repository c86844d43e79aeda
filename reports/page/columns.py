"""The columns of the page's table: a key that its scripts sort by, a heading, and a cell's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.gather.rows import Row
from reports.gather.unmeasured import Figure, Unmeasured
from reports.text.tables import (
    complexity_text,
    difference_text,
    elsewhere_text,
    front_text,
    iou_text,
    p50_text,
    relative_text,
)
from zoo.artifact.iou import points_text

# Of a row, among those of its place; what is not measured is noted below the table.
Text = Callable[[Row, Sequence[Row], Unmeasured], str]


def _measured(figure: Figure, form: Callable[[Row], str | None]) -> Text:
    """As `form` has it; where that is None, what would measure it."""

    def text(row: Row, rows: Sequence[Row], unmeasured: Unmeasured) -> str:
        found = form(row)
        return unmeasured.cell(figure, row) if found is None else found

    return text


def _simple(form: Callable[[Row], str]) -> Text:
    return lambda row, rows, unmeasured: form(row)


def _short(text: str) -> str:
    """As in the other tables; the method says what is too few."""
    return text.replace(" (too few sessions for an interval)", " (too few)")


def _change(row: Row) -> str | None:
    return None if row.joined.iou_change is None else points_text(row.joined.iou_change)


def _p90(row: Row) -> str | None:
    return None if row.p90_ms is None else f"{row.p90_ms.value:.2f}"


def _relative(row: Row, rows: Sequence[Row], unmeasured: Unmeasured) -> str:
    return _short(relative_text(row, rows, unmeasured))


def _sessions(row: Row) -> str:
    every = len(row.sessions) + len(row.left_out)
    return f"{len(row.sessions)} of {every}" + ("" if row.usable else ", none counts")


def _front(row: Row) -> str:
    if row.joined.rejected:
        return "rejected"
    return front_text(row) or ("close" if row.near_front else "")


def _number(value: float | None, form: str) -> str | None:
    return None if value is None else f"{value:{form}}"


def _mega(value: int | None, form: str) -> str | None:
    return _number(None if value is None else value / 1e6, form)


COLUMNS: tuple[tuple[str, str, Text], ...] = (
    ("model", "model", _simple(lambda row: row.model)),
    ("runtime", "runtime", _simple(lambda row: f"{row.facet.runtime} {row.facet.runtime_version}")),
    ("threads", "threads", _simple(lambda row: str(row.facet.threads))),
    ("precision", "precision", _simple(lambda row: row.facet.precision)),
    ("parameters", "params, M", _simple(lambda row: complexity_text(row, "parameters"))),
    ("macs", "MACs, M", _simple(lambda row: complexity_text(row, "macs"))),
    ("iou", "IoU [95 %]", lambda row, rows, unmeasured: iou_text(row, unmeasured)),
    ("elsewhere", "IoU on other data", _simple(elsewhere_text)),
    ("difference", "IoU from reference, points", _simple(difference_text)),
    ("p50", "p50 ms [range]", _simple(lambda row: _short(p50_text(row)))),
    ("relative", "relative [95 %]", _relative),
    ("p90", "p90 ms", _measured("p90", _p90)),
    ("chance", "front", _simple(_front)),
    ("size", "MB", _measured("size", lambda row: _mega(row.joined.size_bytes, ".2f"))),
    ("first", "first ms", _measured("first", lambda row: _number(row.first_inference_ms, ".2f"))),
    ("load", "load ms", _simple(lambda row: f"{row.load_ms:.1f}")),
    ("peak", "peak MB", _measured("peak", lambda row: _mega(row.peak_memory_bytes, ".0f"))),
    ("change", "IoU from torch, points", _measured("change", _change)),
    ("sessions", "sessions", _simple(_sessions)),
)
