"""The Pareto scatter by matplotlib."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as MplPath
from matplotlib.text import Annotation

from reports.fronts.pareto import staircase
from reports.gather.reference import bar_of, bars_text
from reports.gather.report import Report
from reports.gather.rows import Facet, Row
from reports.pictures.labels import Line, arrange, label
from reports.pictures.panels import caption, panels, save, svg_text, widen
from zoo.registry import ARCHITECTURES
from zoo.spec import family_words, parse

# Okabe and Ito's palette, which colour-blind readers tell apart. By the registry's order, not by
# what is shown, so that a variant looks the same in every report.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "h", "d", "8", "<", ">", "4 rays", "6 rays")
# Those that matplotlib has no name of.
PATHS = {f"{rays} rays": MplPath.unit_regular_star(rays) for rays in (4, 6)}
# Of models that were imported, and of all else that is no variant: no variant's colour or marker.
IMPORTED = ("#882255", "H")
OWN_FILE = ("#888888", "o")
REFERENCE = "#2a86cc"
BUDGETS_MS = {16.7: "60 FPS", 33.3: "30 FPS", 66.7: "15 FPS"}
# The share of an axis that the name of a rate takes.
ROOM_FOR_A_RATE = 0.12


def draw_pareto(report: Report, folder: Path) -> None:
    """`pareto.svg` and `pareto.png`: a facet a device and runtime, IoU against p50."""
    save(_figure(report, report.facets), folder, "pareto")


def pareto_svg(report: Report, facets: Sequence[Facet]) -> str:
    """The picture of some of the facets, as text."""
    return svg_text(_figure(report, facets))


def _figure(report: Report, facets: Sequence[Facet]) -> Figure:
    known = {facet: [row for row in report.of(facet) if row.joined.iou] for facet in facets}
    shown = {facet: rows for facet, rows in known.items() if rows}
    title = "hair IoU, pooled (axis cut)"
    empty = "no session with a known IoU is stored"
    figure, pictures = panels(list(shown), title, empty, _legend(report))
    # Of very many facets the sheet has the first.
    found = [_draw_facet(axes, rows) for axes, rows in zip(pictures, shown.values(), strict=False)]
    # Labels last, for the pictures share a scale.
    for axes, (labels, lines) in zip(pictures, found, strict=True):
        arrange(axes, labels, lines=lines)
    return figure


def _draw_facet(axes: Axes, rows: Sequence[Row]) -> tuple[list[Annotation], list[Line]]:
    """The rows, those on the front first; returns their labels, whose place is not chosen yet, and
    the lines that these should keep off."""
    ordered = sorted(rows, key=lambda row: (not row.on_front, row.p50_ms.value))
    segments = [bar for row in ordered for bar in _draw_bars(axes, row)]
    labels = [_draw_point(axes, row) for row in ordered]
    fit = [row for row in rows if row.fit]
    xs, ys = staircase(
        [row.p50_ms.value for row in fit],
        [row.joined.iou.value for row in fit if row.joined.iou],
    )
    axes.step(xs, ys, where="post", color="#444444", linewidth=1, zorder=1)
    axes.set_xlabel("latency p50, ms (log scale; bars: range over passes)", fontsize=9)
    caption(axes, bars_text(rows))
    low, high = widen(axes, [row.p50_ms.value for row in rows])
    _mark_budgets(axes, low, high)
    corners = list(zip(xs, ys, strict=True))
    across = [(one, (two[0], one[1])) for one, two in itertools.pairwise(corners)]
    up = [((two[0], one[1]), two) for one, two in itertools.pairwise(corners)]
    level = [row.joined.iou.value for row in rows if row.is_reference and row.joined.iou]
    levels = [((low, iou), (high, iou)) for iou in level]
    return labels, [*segments, *across, *up, *levels]


def _draw_bars(axes: Axes, row: Row) -> list[Line]:
    """The intervals of a point, dashed where its IoU's is not paired; none of its latency where it
    has too few sessions. Returns them."""
    iou, p50 = row.joined.iou, row.p50_ms
    assert iou is not None
    low, high = bar_of(row)
    bars = [((p50.value, low), (p50.value, high))]
    styles = ["solid" if row.from_reference is not None else "dashed"]
    if p50.low is not None and p50.high is not None:
        bars.append(((p50.low, iou.value), (p50.high, iou.value)))
        styles.append("solid")
    colour = to_rgba("#666666", _opacity(row))
    axes.add_collection(
        LineCollection(bars, colors=colour, linestyles=styles, linewidths=0.8, zorder=2)
    )
    if row.is_reference:
        axes.axhline(iou.value, color=REFERENCE, linestyle="dashdot", linewidth=0.7, zorder=1)
        place = (p50.value, iou.value)
        axes.plot(*place, "o", color=REFERENCE, markerfacecolor="none", markersize=14, zorder=3)
    return bars


def _draw_point(axes: Axes, row: Row) -> Annotation:
    colour, marker = look(row)
    assert row.joined.iou is not None
    point = (row.p50_ms.value, row.joined.iou.value)
    if row.p50_ms.low is None:  # too few sessions for an interval: each as a tick instead
        medians = row.session_medians_ms
        axes.plot(medians, [point[1]] * len(medians), "|", color="#666666", markersize=7)
    axes.plot(
        *point,
        marker=PATHS.get(marker, marker),
        linestyle="",
        markersize=8,
        markerfacecolor=colour if row.fit else "none",
        markeredgecolor="black" if row.on_front else colour,
        markeredgewidth=1.4,
        alpha=_opacity(row),
        zorder=3,
    )
    return label(axes, _label(row), point, fontweight="bold" if row.on_front else "normal")


def _opacity(row: Row) -> float:
    return 1.0 if row.on_front else 0.6


def _label(row: Row) -> str:
    chance = row.front_probability
    return f"{row.label} P {chance:.2f}" if row.on_front and chance is not None else row.label


def look(row: Row) -> tuple[str, str]:
    """The colour and marker of a row, by where its model is from."""
    if row.origin == "imported":
        return IMPORTED
    return style(row.model) if row.of_zoo else OWN_FILE


def style(model: str) -> tuple[str, str]:
    """Colour by width and marker by architecture and size, fixed by the registry."""
    spec = parse(model)
    colour = COLOURS[ARCHITECTURES[spec.arch].widths.index(spec.width) % len(COLOURS)]
    return colour, _markers()[spec.arch, spec.size]


def _markers() -> dict[tuple[str, int], str]:
    shapes = [(arch, size) for arch, family in ARCHITECTURES.items() for size in family.sizes]
    return {shape: MARKERS[index % len(MARKERS)] for index, shape in enumerate(shapes)}


def _mark_budgets(axes: Axes, low: float, high: float) -> None:
    """The camera's rates, each named on the side of its line where there is room."""
    place = axes.get_xaxis_transform()
    for budget, rate in BUDGETS_MS.items():
        if low <= budget <= high:
            axes.axvline(budget, color="#d55e00", linestyle=":", linewidth=1)
            room = math.log(high / budget) / math.log(high / low)
            side = "left" if room > ROOM_FOR_A_RATE else "right"
            axes.text(budget, 0.01, f" {rate} ", transform=place, fontsize=7, ha=side)


def _legend(report: Report) -> list[Line2D]:
    (family, *_) = ARCHITECTURES.values()
    known = [row for row in report.rows if row.joined.iou]
    shown = {row.spec.arch for row in known if row.spec}
    imported = any(row.origin == "imported" for row in known)
    grey = "#888888"
    return [
        *(_key("o", colour, f"x{w}") for w, colour in zip(family.widths, COLOURS, strict=False)),
        *(
            _key(marker, grey, f"{'_'.join(family_words(arch))} {size}".strip())
            for (arch, size), marker in _markers().items()
            if arch in shown
        ),
        *([_key(IMPORTED[1], IMPORTED[0], "imported")] if imported else []),
        Line2D([], [], color="#444444", linewidth=1, label="front"),
        Line2D([], [], color=REFERENCE, linestyle="dashdot", linewidth=1, label="reference"),
        _key("o", grey, "no session counts, or rejected", filled=False),
    ]


def _key(marker: str, colour: str, label: str, filled: bool = True) -> Line2D:
    face = colour if filled else "none"
    return Line2D(
        [],
        [],
        linestyle="",
        marker=PATHS.get(marker, marker),
        color=colour,
        markerfacecolor=face,
        label=label,
    )
