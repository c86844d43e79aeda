"""The Pareto scatter by matplotlib."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from reports.load import Report
from reports.pareto import staircase
from reports.rows import Facet, Row
from zoo.files import replacing
from zoo.registry import ARCHITECTURES
from zoo.spec import parse

if TYPE_CHECKING:
    from matplotlib.container import ErrorbarContainer

# Okabe and Ito's palette, which colour-blind readers tell apart. By the registry's order, not by
# what is shown, so that a variant looks the same in every report.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# What fits above one of several pictures side by side.
TITLE_CHARACTERS = 68
# No random ids inside, so that the same sessions give the same bytes; letters as letters.
SVG: Any = {"svg.hashsalt": "pareto", "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}
BUDGETS_MS = {16.7: "60 FPS", 33.3: "30 FPS", 66.7: "15 FPS"}


def draw_pareto(report: Report, folder: Path) -> None:
    """`pareto.svg` and `pareto.png`: a facet a device and runtime, IoU against p50."""
    figure = _figure(report, report.facets)
    with rc_context(SVG), replacing(folder / "pareto.svg") as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None})
    with replacing(folder / "pareto.png") as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def pareto_svg(report: Report, facets: Sequence[Facet]) -> str:
    """The picture of some of the facets, as text."""
    stream = io.StringIO()
    with rc_context(SVG):
        _figure(report, facets).savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def _figure(report: Report, facets: Sequence[Facet]) -> Figure:
    facets = [f for f in facets if any(r.joined.iou for r in report.of(f))]
    figure = Figure(figsize=(max(6.4, 5.4 * len(facets)), 5.2), layout="constrained")
    if not facets:
        figure.text(0.5, 0.5, "no session with a known IoU is stored", ha="center")
    shared: Axes | None = None
    for index, facet in enumerate(facets):
        axes = figure.add_subplot(1, len(facets), index + 1, sharey=shared)
        if shared is None:
            shared = axes
            axes.set_ylabel("hair IoU, pooled (axis cut; bars: 95 % over images)", fontsize=9)
        _draw_facet(axes, facet, [row for row in report.of(facet) if row.joined.iou])
    if facets:
        figure.legend(handles=_legend(report), loc="outside lower center", ncols=5, fontsize=8)
    # Laid out once; every form would do it again.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _draw_facet(axes: Axes, facet: Facet, rows: Sequence[Row]) -> None:
    for row in rows:
        _draw_point(axes, row)
    fit = [row for row in rows if row.fit]
    steps = staircase(
        [row.p50_ms.value for row in fit],
        [row.joined.iou.value for row in fit if row.joined.iou],
    )
    axes.step(*steps, where="post", color="#444444", linewidth=1, zorder=1)
    lines = [textwrap.fill(line, TITLE_CHARACTERS) for line in facet.title.splitlines()]
    axes.set_title("\n".join(lines), fontsize=8)
    axes.set_xlabel("latency p50, ms (log scale; bars: 95 % over sessions)", fontsize=9)
    axes.set_xscale("log")
    _mark_budgets(axes, [row.p50_ms.value for row in rows])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.25, which="both", linewidth=0.5)


def _draw_point(axes: Axes, row: Row) -> ErrorbarContainer:
    colour, marker = style(row.model)
    iou, p50 = row.joined.iou, row.p50_ms
    assert iou is not None
    if p50.low is None:  # too few sessions for an interval: each as a tick instead
        medians = row.session_medians_ms
        axes.plot(medians, [iou.value] * len(medians), "|", color="#666666", markersize=7)
    x_error = None if p50.low is None or p50.high is None else _around(p50.value, p50.low, p50.high)
    label = axes.annotate(
        _label(row),
        (p50.value, iou.value),
        textcoords="offset points",
        xytext=(7, 5),
        fontsize=7,
        fontweight="bold" if row.on_front else "normal",
    )
    label.set_in_layout(False)
    return axes.errorbar(
        p50.value,
        iou.value,
        xerr=x_error,
        yerr=_around(iou.value, iou.low, iou.high),
        fmt=marker,
        markersize=8,
        markerfacecolor=colour if row.fit else "none",
        markeredgecolor="black" if row.on_front else colour,
        markeredgewidth=1.4,
        ecolor="#666666",
        elinewidth=0.8,
        alpha=1.0 if row.on_front else 0.6,
        zorder=3,
    )


def _label(row: Row) -> str:
    chance = row.front_probability
    return f"{row.label} P {chance:.2f}" if row.on_front and chance is not None else row.label


def style(model: str) -> tuple[str, str]:
    """Colour by width and marker by architecture and size, fixed by the registry."""
    spec = parse(model)
    colour = COLOURS[ARCHITECTURES[spec.arch].widths.index(spec.width) % len(COLOURS)]
    return colour, _markers()[spec.arch, spec.size]


def _markers() -> dict[tuple[str, int], str]:
    shapes = [(arch, size) for arch, family in ARCHITECTURES.items() for size in family.sizes]
    return {shape: MARKERS[index % len(MARKERS)] for index, shape in enumerate(shapes)}


def _around(value: float, low: float, high: float) -> list[list[float]]:
    return [[value - low], [high - value]]


def _mark_budgets(axes: Axes, latencies: Sequence[float]) -> None:
    """Camera budgets as lines, and a decade of room that does not depend on one point."""
    low, high = min(latencies) / 1.6, max(latencies) * 1.6
    if high < low * 6:
        middle = (low * high) ** 0.5
        low, high = middle / 6**0.5, middle * 6**0.5
    axes.set_xlim(low, high)
    ticks = [t for decade in (0.1, 1, 10, 100) for t in (decade, 2 * decade, 5 * decade)]
    axes.set_xticks([t for t in ticks if low <= t <= high])
    for budget, label in BUDGETS_MS.items():
        if low <= budget <= high:
            axes.axvline(budget, color="#d55e00", linestyle=":", linewidth=1)
            axes.text(budget, 0.01, f" {label}", transform=axes.get_xaxis_transform(), fontsize=7)


def _legend(report: Report) -> list[Line2D]:
    (family, *_) = ARCHITECTURES.values()
    shown = {parse(row.model).arch for row in report.rows if row.joined.iou}
    grey = "#888888"
    return [
        *(_key("o", colour, f"x{w}") for w, colour in zip(family.widths, COLOURS, strict=False)),
        *(
            _key(marker, grey, f"{arch.partition('unet_')[2]} {size}".strip())
            for (arch, size), marker in _markers().items()
            if arch in shown
        ),
        Line2D([], [], color="#444444", linewidth=1, label="front"),
        _key("o", grey, "not steady, or rejected", filled=False),
    ]


def _key(marker: str, colour: str, label: str, filled: bool = True) -> Line2D:
    face = colour if filled else "none"
    return Line2D(
        [], [], linestyle="", marker=marker, color=colour, markerfacecolor=face, label=label
    )
