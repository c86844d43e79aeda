"""What a file in another precision costs and gains, against the fp32 file of the same variant."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.statistics.ratios import Ratio, ratio_over_passes
from reports.gather.report import Report
from reports.gather.rows import Facet, Row
from reports.gather.unmeasured import lacking
from zoo.artifact.iou import points_text

BASELINE = "fp32"
ORDER = ("fp32", "fp16", "fp16a", "int8w", "int8", "pal6", "pal4")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One file against the fp32 one, on the same device, runtime, version, threads and loop.

    latency: the ratio of the two in the same rounds of a run; None where none are shared, or no
    session of either counts.
    size: ratio of bytes. The IoU and its difference from torch stand in `row.joined`.
    """

    row: Row
    baseline: Row
    latency: Ratio | None
    size: float | None

    @property
    def where(self) -> Facet:
        """What is equal for both, the baseline's facet."""
        return self.baseline.facet


def costs(report: Report) -> list[Cost]:
    """Of every row whose variant was timed in fp32 too; orphans are left out."""
    alike: dict[tuple[Facet, str], list[Row]] = defaultdict(list)
    for row in report.rows:
        if row.joined.orphan is None:
            alike[_without_precision(row.facet), row.model].append(row)
    found = []
    for rows in alike.values():
        baseline = next((row for row in rows if row.facet.precision == BASELINE), None)
        others = [row for row in rows if row.facet.precision != BASELINE]
        if baseline is not None:
            found += [_cost(row, baseline) for row in sorted(others, key=_place)]
    return found


def _cost(row: Row, baseline: Row) -> Cost:
    theirs, ours = baseline.logs_by_round, row.logs_by_round
    usable = row.usable and baseline.usable
    logs = [ours[at] - theirs[at] for at in ours if usable and at in theirs]
    part, whole = row.joined.size_bytes, baseline.joined.size_bytes
    return Cost(
        row=row,
        baseline=baseline,
        latency=ratio_over_passes(logs) if logs else None,
        size=part / whole if part and whole else None,
    )


def precision_markdown(report: Report) -> str:
    """A device and runtime at a time: by precision over the variants, then each of them; empty
    where nothing was timed in two precisions."""
    parts = []
    found: dict[Facet, list[Cost]] = defaultdict(list)
    for cost in costs(report):
        found[_without_precision(cost.where)].append(cost)
    for facet, rows in sorted(found.items(), key=lambda item: item[0].title):
        mark = "EMULATED " if facet.device.emulated else ""
        where = f"{mark}{facet.device.name}, {facet.runtime} {facet.runtime_version}"
        parts.append(
            f"**What precision costs: {where}, {facet.threads} thread(s), {facet.protocol}**\n\n"
            f"{_summary(rows)}\n\n{_table(rows)}"
        )
    return "\n\n".join(parts)


def _summary(rows: Sequence[Cost]) -> str:
    """Medians over the variants, with the lowest and the highest of them."""
    lines = [
        "| precision | variants | latency / fp32 | size / fp32 | from torch, points | rejected |",
        "|---|---|---|---|---|---|",
    ]
    for precision in ORDER:
        those = [cost for cost in rows if cost.row.facet.precision == precision]
        if not those:
            continue
        changes = [c.row.joined.iou_change for c in those]
        cells = [
            precision,
            str(len(those)),
            _over([cost.latency.value for cost in those if cost.latency], ".2f") or _ratio(None),
            _over([cost.size for cost in those if cost.size], ".2f") or "unknown",
            _over([100 * change.value for change in changes if change], "+.2f")
            or lacking("change", those[0].row),
            str(sum(cost.row.joined.rejected is not None for cost in those)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _over(values: Sequence[float], form: str) -> str:
    if not values:
        return ""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def _table(rows: Sequence[Cost]) -> str:
    head = (
        "| model | precision | latency / fp32 [95 %] | size / fp32 | IoU [95 %] "
        "| from torch, points [95 %] |\n|---|---|---|---|---|---|"
    )
    return "\n".join([head, *map(_line, rows)])


def precision_records(report: Report) -> list[dict[str, Any]]:
    """A flat dictionary a file."""
    return [_record(cost) for cost in costs(report)]


def _line(cost: Cost) -> str:
    joined = cost.row.joined
    change = joined.iou_change
    iou = joined.iou.text if joined.iou else lacking("iou", cost.row)
    if joined.of_reference:
        iou = "not of this file"
    cells = [
        cost.row.model,
        cost.row.facet.precision,
        _ratio(cost.latency),
        f"{cost.size:.2f}" if cost.size else "unknown",
        iou + (" **rejected**" if joined.rejected else ""),
        points_text(change) if change else lacking("change", cost.row),
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return "no rounds of both that count"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.value:.2f} (too few sessions for an interval)"
    return f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


def _record(cost: Cost) -> dict[str, object]:
    facet, joined, latency = cost.row.facet, cost.row.joined, cost.latency
    change = joined.iou_change
    return {
        "model": cost.row.model,
        "device": facet.device.name,
        "emulated": facet.device.emulated,
        "runtime": facet.runtime,
        "runtime_version": facet.runtime_version,
        "threads": facet.threads,
        "protocol": facet.protocol,
        "precision": facet.precision,
        "latency_ratio": latency and latency.value,
        "latency_ratio_low": latency and latency.low,
        "latency_ratio_high": latency and latency.high,
        "pairs": latency.counts[0] if latency else 0,
        "size_ratio": cost.size,
        "iou": joined.iou.value if joined.iou and not joined.of_reference else None,
        "iou_change_from_torch": change and change.value,
        "iou_change_low": change and change.low,
        "iou_change_high": change and change.high,
        "rejected": joined.rejected,
    }


def lines_of(report: Report) -> dict[Facet, list[list[Row]]]:
    """For a picture: by what is equal, the images of the IoU too, the rows of each variant from
    fp32 down, two at least. Other people's models have one file each."""
    found: dict[Facet, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in report.rows:
        if row.of_zoo and row.joined.iou is not None and not row.joined.of_reference:
            found[row.facet.of_every_precision][row.model].append(row)
    return {
        facet: chains
        for facet, models in found.items()
        if (chains := [sorted(rows, key=_place) for rows in models.values() if len(rows) > 1])
    }


def _without_precision(facet: Facet) -> Facet:
    return replace(facet.of_every_precision, iou_of=None)


def _place(row: Row) -> int:
    precision = row.facet.precision
    return ORDER.index(precision) if precision in ORDER else len(ORDER)
