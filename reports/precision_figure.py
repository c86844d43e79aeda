"""The picture of what precision costs: a line joins one variant's files."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures import TITLE_CHARACTERS, style
from reports.load import Report
from reports.precision import lines_of
from reports.rows import Facet, Row
from zoo.files import replacing
from zoo.registry import ARCHITECTURES
from zoo.spec import parse

SHAPES = {"fp32": "o", "fp16": "s", "int8w": "v", "int8": "D", "pal6": "P", "pal4": "X"}
GREY = "#888888"


def draw_precision(report: Report, folder: Path) -> None:
    """`precision.svg` and `precision.png`: IoU against p50, a picture a device and runtime."""
    facets = lines_of(report)
    figure = Figure(figsize=(max(6.4, 6.4 * len(facets)), 5.4), layout="constrained")
    if not facets:
        words = "no variant was timed in two precisions with a known IoU"
        figure.text(0.5, 0.5, words, ha="center")
    shared: Axes | None = None
    for index, (facet, chains) in enumerate(facets.items()):
        axes = figure.add_subplot(1, len(facets), index + 1, sharey=shared)
        shared = shared or axes
        _draw(axes, facet, chains)
    if facets:
        legend = _legend([row for chains in facets.values() for rows in chains for row in rows])
        figure.legend(handles=legend, loc="outside lower center", ncols=6, fontsize=8)
    with rc_context({"svg.hashsalt": "precision"}), replacing(folder / "precision.svg") as svg:
        figure.savefig(svg, format="svg", metadata={"Date": None})
    with replacing(folder / "precision.png") as png:
        figure.savefig(png, format="png", dpi=150)


def _draw(axes: Axes, facet: Facet, chains: Sequence[Sequence[Row]]) -> None:
    for rows in chains:
        colour, _ = style(rows[0].model)
        points = [(r.p50_ms.value, r.joined.iou.value) for r in rows if r.joined.iou]
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1, alpha=0.6, zorder=1)
        for row, point in zip(rows, points, strict=True):
            face = "none" if row.joined.rejected or not row.steady else colour
            shape = SHAPES.get(row.facet.precision, "*")
            axes.plot(*point, shape, color=colour, markerfacecolor=face, markersize=6)
        label = f"{parse(rows[0].model).size}"
        axes.annotate(label, points[0], textcoords="offset points", xytext=(5, 5), fontsize=7)
    lines = [textwrap.fill(line, TITLE_CHARACTERS) for line in facet.title.splitlines()]
    axes.set_title("\n".join(lines), fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("latency p50, ms (log scale)", fontsize=9)
    axes.set_ylabel("IoU, pooled, of the very file (axis cut)", fontsize=9)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(axis="x", which="both", labelsize=7)
    axes.grid(alpha=0.25, which="both", linewidth=0.5)


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
    hollow.set_label("rejected or not steady")
    return [*keys, hollow]
