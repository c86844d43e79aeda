"""Several pictures of IoU against latency on one sheet: in rows, over one scale of IoU."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from reports.gather.rows import Facet
from zoo.base.files import replacing

ACROSS = 3
MOST_PICTURES = 24
# A cell of the sheet and, within it, the room around a picture: left, right, above, below.
CELL = (5.4, 5.6)
LEFT, RIGHT, ABOVE, BELOW = 0.75, 0.1, 0.75, 0.95
LEGEND = 0.6
# What fits above one of several pictures side by side.
TITLE_CHARACTERS = 78
# And below one; how far below its axis that begins, in points.
CAPTION_CHARACTERS = 84
CAPTION_BELOW = -33
# Round figures of a logarithmic scale.
TICKS_MS = [step * decade for decade in (0.01, 0.1, 1, 10, 100, 1000) for step in (1, 2, 5)]
# No random ids inside, so that the same sessions give the same bytes; letters as letters.
SVG: Any = {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}


def panels(
    facets: Sequence[Facet], y_title: str, empty: str, legend: Sequence[Line2D]
) -> tuple[Figure, list[Axes]]:
    """A sheet with axes for each of `facets` under its title, all of one size, and a legend below;
    without any it says `empty`. Of very many the first are drawn, and it says so. Laid out by hand:
    matplotlib would draw everything twice for it."""
    left_out, facets = facets[MOST_PICTURES:], facets[:MOST_PICTURES]
    across, down = min(ACROSS, max(1, len(facets))), max(1, -(-len(facets) // ACROSS))
    width, height = CELL[0] * across, CELL[1] * down + LEGEND
    figure = Figure(figsize=(width, height))
    if not facets:
        figure.text(0.5, 0.5, empty, ha="center")
        return figure, []
    figure.legend(handles=legend, loc="lower center", ncols=6 if across > 1 else 4, fontsize=8)
    if left_out:
        words = "More pictures are not drawn: bench report --device WORDS"
        figure.text(0.01, 0.1 / height, words, fontsize=8)
    found: list[Axes] = []
    for place, facet in enumerate(facets):
        left = CELL[0] * (place % ACROSS) + LEFT
        bottom = height - CELL[1] * (place // ACROSS + 1) + BELOW
        size = (CELL[0] - LEFT - RIGHT) / width, (CELL[1] - ABOVE - BELOW) / height
        shared = found[0] if found else None
        axes = figure.add_axes((left / width, bottom / height, *size), sharey=shared)
        lines = [textwrap.fill(line, TITLE_CHARACTERS) for line in facet.title.splitlines()]
        axes.set_title("\n".join(lines), fontsize=8)
        axes.set_xscale("log")
        axes.grid(alpha=0.25, which="both", linewidth=0.5)
        if place % ACROSS == 0:
            axes.set_ylabel(y_title, fontsize=9)
        found.append(axes)
    return figure, found


def caption(axes: Axes, lines: Sequence[str]) -> None:
    """Under the title of the lower axis, what is to be known of this picture."""
    words = "\n".join(textwrap.fill(line, CAPTION_CHARACTERS) for line in lines)
    axes.annotate(
        words,
        (0.5, 0),
        (0, CAPTION_BELOW),
        xycoords="axes fraction",
        textcoords="offset points",
        horizontalalignment="center",
        verticalalignment="top",
        fontsize=7,
        color="#444444",
    )


def widen(axes: Axes, latencies: Sequence[float]) -> tuple[float, float]:
    """Over all of `latencies`, and as wide as six times the least, so that the room does not
    depend on one point; with ticks at round figures. Returns the limits, in ms."""
    low, high = min(latencies) / 1.6, max(latencies) * 1.6
    if high < low * 6:
        middle = (low * high) ** 0.5
        low, high = middle / 6**0.5, middle * 6**0.5
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in TICKS_MS if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    return low, high


def save(figure: Figure, folder: Path, name: str) -> None:
    """As `name`.svg and `name`.png."""
    with replacing(folder / f"{name}.svg") as temporary:
        temporary.write_text(svg_text(figure), encoding="utf-8")
    with replacing(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def svg_text(figure: Figure) -> str:
    """The same bytes whenever the same is drawn."""
    stream = io.StringIO()
    with rc_context(SVG):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
