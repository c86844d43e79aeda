"""The picture of what precision costs: a line joins one variant's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from reports.gather.report import Report
from reports.gather.rows import Row
from reports.pictures.figures import style
from reports.pictures.labels import arrange, label
from reports.pictures.panels import panels, save, widen
from reports.precision import lines_of
from zoo.registry import ARCHITECTURES
from zoo.spec import parse

SHAPES = {
    "fp32": "o",
    "fp16": "s",
    "fp16a": "p",
    "int8w": "v",
    "int8": "D",
    "pal6": "P",
    "pal4": "X",
}
GREY = "#888888"


def draw_precision(report: Report, folder: Path) -> None:
    """`precision.svg` and `precision.png`: IoU against p50, a picture a device and runtime."""
    facets = lines_of(report)
    words = (
        "no variant was timed in two precisions whose own IoU was measured\n"
        "next: bench data lfw && make zoo"
    )
    title = "IoU, pooled, of the very file (axis cut)"
    legend = _legend([row for chains in facets.values() for rows in chains for row in rows])
    figure, pictures = panels(list(facets), title, words, legend)
    # Of very many facets the sheet has the first.
    labels = [_draw(axes, chains) for axes, chains in zip(pictures, facets.values(), strict=False)]
    for axes, chains, those in zip(pictures, facets.values(), labels, strict=False):
        arrange(axes, those, others=[_point(row) for rows in chains for row in rows[1:]])
    save(figure, folder, "precision")


def _draw(axes: Axes, chains: Sequence[Sequence[Row]]) -> list[Annotation]:
    """A line a chain; returns the labels of their first files, whose place is not chosen yet."""
    labels = []
    for rows in chains:
        colour, _ = style(rows[0].model)
        points = [_point(row) for row in rows]
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1, alpha=0.6, zorder=1)
        for row, point in zip(rows, points, strict=True):
            face = "none" if row.joined.rejected or not row.usable else colour
            shape = SHAPES.get(row.facet.precision, "*")
            axes.plot(*point, shape, color=colour, markerfacecolor=face, markersize=6)
        labels.append(label(axes, rows[0].label, points[0]))
    axes.set_xlabel("latency p50, ms (log scale)", fontsize=9)
    widen(axes, [row.p50_ms.value for rows in chains for row in rows])
    return labels


def _point(row: Row) -> tuple[float, float]:
    assert row.joined.iou is not None
    return row.p50_ms.value, row.joined.iou.value


def _legend(rows: Sequence[Row]) -> list[Line2D]:
    precisions = {row.facet.precision for row in rows}
    specs = {(parse(row.model).arch, parse(row.model).width): row.model for row in rows}
    widths = [
        (f"x{width}", style(specs[arch, width])[0])
        for arch, family in ARCHITECTURES.items()
        for width in family.widths
        if (arch, width) in specs
    ]
    keys = [Line2D([], [], color=colour, label=label) for label, colour in widths]
    for precision, shape in SHAPES.items():
        if precision in precisions:
            keys.append(Line2D([], [], linestyle="", marker=shape, color=GREY, label=precision))
    hollow = Line2D([], [], linestyle="", marker="o", color=GREY, markerfacecolor="none")
    hollow.set_label("rejected, or no session counts")
    return [*keys, hollow]
