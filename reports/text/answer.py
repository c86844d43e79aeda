"""The short end of a report: what to take at 60 and 30 frames a second, and a dozen rows."""

from __future__ import annotations

from reports.fronts.choose import Budget, choose
from reports.fronts.pareto import front as on_the_front
from reports.gather.places import Place, places
from reports.gather.report import Report
from reports.gather.rows import Row
from reports.gather.unmeasured import remedy
from reports.text.listing import Column, listing
from reports.text.tables import NOTHING_STORED

FRAME_RATES = (60, 30)
MOST_ROWS = 12
CPU_MARK = "*"


def answer(report: Report) -> str:
    """Of the place that was measured last: a sentence a frame rate, and the table. The others are
    named in a line."""
    found = sorted(places(report), key=_last, reverse=True)
    if not found:
        return NOTHING_STORED
    place, others = found[0], found[1:]
    lines = [f"On {place.title}:"]
    lines += [_sentence(place, rate) for rate in FRAME_RATES]
    lines += ["", table(place), ""]
    lines += _below(place)
    if others:
        what = "device or mode" if len(others) == 1 else "devices or modes"
        lines.append(f"{len(others)} other {what}: bench report --format table")
    return "\n".join(lines)


def table(place: Place) -> str:
    """The front, and the best of each width; where no IoU is known, the quickest."""
    rows, front = _chosen(place)
    columns = [
        Column(title="model", text=lambda row: row.model),
        Column(title="file", text=_file),
        Column(title=_iou_title(place), text=_iou_text),
        Column(title="p50 ms [range]", text=lambda row: row.p50_ms.text + _mark(row)),
        Column(title="MB", text=_size_text, right=True),
        Column(title="front", text=lambda row: "yes" if row in front else ""),
    ]
    return listing(columns, rows)


def _last(place: Place) -> tuple[bool, float]:
    moments = [row.last.started_at.timestamp() for row in place.rows]
    return not place.device.emulated, max(moments)


def _sentence(place: Place, rate: int) -> str:
    budget = Budget(latency_ms=1e3 / rate)
    choice = choose(place.rows, budget)
    at = f"{rate} frames a second"
    if choice.row is None:
        if not place.fit:
            return f"{at}: no session that counts is of a file that its IoU lets choose."
        return f"{at}: nothing is quick enough."
    row = choice.row
    assert row.joined.iou is not None
    figures = f"IoU {row.joined.iou.value:.3f}, {row.p50_ms.value:.2f} ms{_mark(row)}"
    sure = "" if choice.sure is None else f"; best in {choice.sure:.0%} of draws"
    return f"{at}: {row.model}, {_file(row)}, {figures}{sure}"


def _chosen(place: Place) -> tuple[list[Row], list[Row]]:
    """The rows to show, by latency, and which of them are the front of this place."""
    fit = sorted(place.fit, key=lambda row: row.p50_ms.value)
    if not fit:
        return sorted(place.rows, key=lambda row: row.p50_ms.value)[:MOST_ROWS], []
    latency, iou = [row.p50_ms.value for row in fit], [_iou(row) for row in fit]
    front = [row for row, leads in zip(fit, on_the_front(latency, iou), strict=True) if leads]
    best: dict[str, Row] = {}
    for row in fit:
        width = row.model.rpartition("_")[0] if row.of_zoo else row.model
        if width not in best or _iou(row) > _iou(best[width]):
            best[width] = row
    # Of a long front, its ends and what lies evenly between.
    most = max(2, MOST_ROWS - len([row for row in best.values() if row not in front]))
    step = (len(front) - 1) / (most - 1) if len(front) > most else 1.0
    kept = [front[round(place * step)] for place in range(min(most, len(front)))]
    shown = [row for row in fit if row in kept or row in best.values()][:MOST_ROWS]
    return shown, front


def _iou_title(place: Place) -> str:
    names = {row.joined.iou_on for row in place.rows if row.joined.iou_on}
    return f"IoU on {names.pop()} [95 %]" if len(names) == 1 else "IoU [95 %]"


def _iou_text(row: Row) -> str:
    return row.joined.iou.text if row.joined.iou else "not measured"


def _size_text(row: Row) -> str:
    return f"{row.joined.size_bytes / 1e6:.2f}" if row.joined.size_bytes else "-"


def _below(place: Place) -> list[str]:
    """What is to be known of all of these figures, a line each."""
    rows = place.rows
    samples = sum(row.samples for row in rows)
    aside = [row.interrupted for row in rows if row.interrupted is not None]
    left_out = sum(len(row.left_out) for row in rows)
    lines = [
        f"{len(rows)} file{'s' if len(rows) > 1 else ''} measured, {samples} samples. "
        "p50 holds for this machine at this hour only."
    ]
    if aside:
        lines.append(
            f"Interrupted by other programs and set aside: {min(aside):.1%} to {max(aside):.1%} of "
            "a file's samples (bench check last)"
        )
    if any(row.by_cpu for row in rows):
        lines.append(f"{CPU_MARK} of CPU time, less than users wait: few samples were left alone")
    if left_out:
        told = "1 session was" if left_out == 1 else f"{left_out} sessions were"
        lines.append(f"{told} left out (bench check last)")
    if any(row.joined.of_reference for row in rows):
        lines.append(
            "IoU: of the reference ONNX file. "
            "To measure these files: bench data lfw; bench export -m NAME"
        )
    elif any(row.joined.iou is None for row in rows):
        row = next(row for row in rows if not row.joined.iou)
        lines.append(f"IoU not measured: {row.joined.orphan or row.joined.iou_reason}. Next:")
        lines += [f"  {command}" for command in remedy("iou", row).split(", then ")]
    return lines


def _file(row: Row) -> str:
    threads = f" x{row.facet.threads}" if row.facet.threads > 1 else ""
    return f"{row.facet.runtime}{row.facet.part} {row.facet.precision}{threads}"


def _mark(row: Row) -> str:
    """In few letters, for a narrow line."""
    return CPU_MARK if row.by_cpu else ""


def _iou(row: Row) -> float:
    assert row.joined.iou is not None
    return row.joined.iou.value
