"""Reports as text: Markdown, CSV and JSON from the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from reports.gather.flat import records
from reports.gather.report import Report
from reports.gather.rows import Row
from reports.gather.unmeasured import Unmeasured
from reports.precision import precision_markdown
from reports.since import Moves
from reports.text.files import unlike_text
from reports.text.fitting import fitted
from reports.text.listing import Column, Format, csv_text, listing, literal
from zoo.artifact.iou import points_text
from zoo.base.files import replacing

NOTHING_STORED = "No sessions are stored. Next: bench run --model 'mnv2_slim_unet_0.35_*'"


def every_row(report: Report, format: Format = "markdown") -> str:
    """A table a facet, then what was left out, orphaned, failed or unreadable."""
    parts = []
    for facet in report.facets:
        rows = [row for row in report.of(facet) if row.joined.orphan is None]
        if rows:
            title = facet.title.replace("\n", ": ")
            unmeasured = Unmeasured()
            title = f"**{literal(title)}**" if format == "markdown" else fitted(title)
            parts.append(f"{title}\n\n{listing(_columns(rows, unmeasured), rows, format)}")
            if unmeasured.notes:
                parts.append("Not measured, and the command that would, the row's model for NAME:")
            # A file's inputs may be called anything.
            shows = literal if format == "markdown" else str
            parts += [f"- {shows(note)}" for note in unmeasured.notes]
    if format == "markdown" and (costs := precision_markdown(report)):
        parts.append(costs)
    told = notes(report)
    if format == "markdown":
        parts += [f"- {literal(note)}" for note in told]
    else:
        parts += [fitted(f"- {note}") for note in told]
    return "\n\n".join(parts) + "\n" if parts else f"{NOTHING_STORED}\n"


def moves_markdown(moves: Moves) -> str:
    """What moved since an earlier report."""
    lines = "".join(f"- {literal(line)}\n" for line in moves.lines)
    return f"**What moved since {literal(moves.since)}**\n\n{lines}"


def notes(report: Report) -> list[str]:
    """What a reader must know besides the figures, a sentence each."""
    return [*left_out(report), *remarks(report)]


def left_out(report: Report) -> list[str]:
    """Sessions that were not used, and why."""
    return [
        f"{row.model} {row.facet.runtime}: session {id} left out: {found.label}, {found.reason}"
        for row in report.rows
        for id, found in row.left_out
    ]


def remarks(report: Report) -> list[str]:
    """What is to be known of rows, and of all of them."""
    lines = [line for row in report.rows for line in _row_remarks(row)]
    for failed in report.failed:
        lines.append(
            f"{failed.model} {failed.runtime}: {len(failed.sessions)} sessions failed: "
            f"{failed.reason}"
        )
    lines += [f"left out: {problem.seen}" for problem in report.problems]
    lines += report.apart
    if any(row.facet.device.kind == "browser" for row in report.rows):
        lines.append("in a browser: its engine's figures, not those of Core ML or of an app")
    if any(row.p50_ms.low is not None for row in report.rows):
        lines.append("p50: here, at this time; in brackets its range over the passes")
    aside = [row.interrupted for row in report.rows if row.interrupted is not None]
    if aside:
        lines.append(
            f"set aside as interrupted: {min(aside):.1%} to {max(aside):.1%} of a row's samples"
        )
    beside = sorted({row.relative_to for row in report.rows if row.relative_to})
    if beside:
        lines.append(f"relative: to {', '.join(beside)}, measured in the same passes")
    if references := [row for row in report.rows if row.joined.of_reference]:
        some = "" if len(references) == len(report.rows) else f" of {len(references)} rows"
        worst = max(row.joined.unlike_pixels or 0.0 for row in references)
        lines.append(
            f"IoU{some}: of the ONNX file exported where these weights were packed, not of the "
            f"file timed; {unlike_text(worst)} at most, on drawn portraits. `bench data lfw` "
            "fetches the photographs to measure it on"
        )
    unknown = sorted({name for row in report.rows for name in row.unknown_conditions})
    if unknown:
        lines.append(f"unknown on some device, so not held equal: {', '.join(unknown)}")
    if len({row.joined.init for row in report.rows if row.joined.init}) > 1:
        lines.append("models began from different weights (column init): not width alone differs")
    return lines


def _row_remarks(row: Row) -> list[str]:
    name = f"{row.model} {row.facet.runtime}"
    lines = []
    if row.joined.orphan is not None:
        lines.append(f"{name}: orphan, {len(row.sessions)} sessions not shown: {row.joined.orphan}")
    if row.joined.rejected is not None:
        file = f"{name} {row.facet.precision}"
        lines.append(f"{file}: rejected, off the front: {row.joined.rejected}")
    if not row.usable:
        lines.append(
            f"{name}: no session counts; its figures are of those left out ({row.unusable})"
        )
    if row.by_cpu:
        lines.append(
            f"{name} {row.facet.precision}: p50 is of CPU time, for too few samples were left alone"
        )
    if row.inputs:
        lines.append(f"{name}: fed {'; '.join(row.inputs)}")
    if row.stages_ms:
        parts = ", ".join(f"{stage} {ms:.2f}" for stage, ms in row.stages_ms)
        lines.append(f"{name}: of a camera frame's time {parts} ms")
    return lines


def _columns(rows: Sequence[Row], unmeasured: Unmeasured) -> list[Column]:
    lacks = unmeasured.cell
    elsewhere = [Column(title="IoU on other data", text=elsewhere_text)]
    return [
        Column(title="model", text=lambda row: row.model),
        Column(title="params M", text=lambda r: complexity_text(r, "parameters"), right=True),
        Column(title="MACs M", text=lambda row: complexity_text(row, "macs"), right=True),
        Column(title="IoU [95 %]", text=lambda row: iou_text(row, unmeasured)),
        *(elsewhere if any(map(elsewhere_text, rows)) else []),
        Column(title="IoU from reference, points", text=difference_text),
        Column(title="p50 ms [range]", text=p50_text),
        Column(title="relative [95 %]", text=lambda row: relative_text(row, rows, unmeasured)),
        Column(title="p90 ms", text=lambda row: _p90_text(row) or lacks("p90", row), right=True),
        Column(title="first ms", text=lambda r: _first_text(r) or lacks("first", r), right=True),
        Column(title="load ms", text=lambda row: f"{row.load_ms:.1f}", right=True),
        Column(title="size MB", text=lambda r: _size_text(r) or lacks("size", r), right=True),
        Column(title="peak MB", text=lambda r: _peak_text(r) or lacks("peak", r), right=True),
        Column(title="init", text=lambda row: row.joined.init or "unknown"),
        Column(title="sessions", text=_sessions_text),
        Column(title="front", text=front_text),
    ]


def _p90_text(row: Row) -> str:
    return f"{row.p90_ms.value:.2f}" if row.p90_ms else ""


def _first_text(row: Row) -> str:
    return "" if row.first_inference_ms is None else f"{row.first_inference_ms:.2f}"


def _size_text(row: Row) -> str:
    return f"{row.joined.size_bytes / 1e6:.2f}" if row.joined.size_bytes else ""


def _peak_text(row: Row) -> str:
    return f"{row.peak_memory_bytes / 1e6:.0f}" if row.peak_memory_bytes else ""


def _sessions_text(row: Row) -> str:
    counted, all_of_them = len(row.sessions), len(row.sessions) + len(row.left_out)
    return f"{counted} of {all_of_them}" + ("" if row.usable else ", none counts")


def iou_text(row: Row, unmeasured: Unmeasured) -> str:
    """With its interval, or why there is none. Of a reference export a remark tells, once."""
    joined = row.joined
    if joined.iou is None:
        return unmeasured.cell("iou", row, joined.orphan or joined.iou_reason)
    return joined.iou.text


def elsewhere_text(row: Row) -> str:
    """The IoU on the data sets that are not shown: `figaro1k 0.869 [0.850, 0.888]`."""
    joined, of = row.joined, row.joined.iou_of or ""
    told = {name: iou.text for name, iou in joined.ious.items() if f" on {name} " not in of}
    told |= {name: f"{iou.text} (reference)" for name, iou in joined.reference_ious.items()}
    return ", ".join(f"{name} {text}" for name, text in told.items())


def complexity_text(row: Row, figure: Literal["parameters", "macs"]) -> str:
    """In millions."""
    found = row.complexity
    if found is None:
        return f"unknown: {row.complexity_reason}"
    return f"{getattr(found, figure) / 1e6:.2f}"


def difference_text(row: Row) -> str:
    """Of its IoU from that of its picture's reference, over the same images."""
    if row.is_reference:
        return "the reference"
    if row.joined.iou is None:
        return ""
    return points_text(row.from_reference) if row.from_reference else "of other images"


def front_text(row: Row) -> str:
    """Whether it is on the front, and how often it stays there when sessions and images are drawn
    again."""
    if not row.on_front:
        return ""
    chance = row.front_probability
    return "yes, too few sessions or images for P" if chance is None else f"yes, P {chance:.2f}"


def p50_text(row: Row) -> str:
    """Named so where it is of CPU time."""
    few = " (too few sessions for an interval)" if row.p50_ms.low is None else ""
    return f"{row.p50_ms.text}{few}{row.clock}"


def relative_text(row: Row, rows: Sequence[Row], unmeasured: Unmeasured) -> str:
    """The ratio to the reference of its rounds, which is named where the rows have several; of the
    reference itself, that it is it."""
    references = {r.relative_to for r in rows} - {None}
    if row.relative is None:
        return "the reference" if row.model in references else unmeasured.cell("relative", row)
    few = " (too few sessions for an interval)" if row.relative.low is None else ""
    to = f" to {row.relative_to}" if len(references) > 1 else ""
    return f"{row.relative.text}{to}{few}"


def rows_json(report: Report) -> str:
    value = {"rows": records(report), "notes": notes(report)}
    return json.dumps(value, indent=1, allow_nan=False)


def rows_csv(report: Report) -> str:
    return csv_text(records(report))


def rows_parquet(report: Report, path: Path) -> None:
    """The same columns as the CSV, with their types."""
    frame = pd.DataFrame(records(report))
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)
