"""The error of every layer of an exported file, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from zoo.base.files import replacing
from zoo.explain.compare import LayerError, first_beyond

LINE, BEYOND = "#0072b2", "#d55e00"
FLOOR = 1e-9


def draw_layers(errors: Sequence[LayerError], bound: float, title: str, path: Path) -> None:
    """A PNG: relative error by layer in the order of execution, the first beyond `bound` named."""
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.add_subplot()
    heights = [max(each.error, FLOOR) for each in errors]
    places = range(1, len(errors) + 1)
    axes.semilogy(places, heights, color=LINE, marker="o", markersize=3.5, linewidth=1)
    axes.axhline(bound, color=BEYOND, linestyle="--", linewidth=1)
    axes.text(1, bound * 0.96, f"bound {100 * bound:g} %", color=BEYOND, va="top")
    beyond = [(x, y) for x, y in zip(places, heights, strict=True) if y > bound]
    if beyond:
        axes.plot(*zip(*beyond, strict=True), "o", color=BEYOND, markersize=5)
    first = first_beyond(errors, bound)
    if first is not None:
        place = errors.index(first) + 1
        axes.annotate(
            first.name,
            (place, first.error),
            textcoords="offset points",
            xytext=(6, 14),
            color=BEYOND,
            arrowprops={"arrowstyle": "-", "color": BEYOND},
        )
    decoder = next((i for i, e in enumerate(errors, 1) if e.name.startswith("decoder")), None)
    if decoder is not None:
        axes.axvline(decoder - 0.5, color="0.7", linewidth=0.8)
        axes.text(decoder, axes.get_ylim()[0], " decoder", color="0.4", va="bottom")
    axes.set_xlabel("layer, in the order of execution")
    axes.set_ylabel("error relative to torch (RMS)")
    axes.set_title(f"{title}: where it departs from torch")
    axes.grid(axis="y", color="0.9")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
