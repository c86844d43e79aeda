"""Times by operator as a picture: all in run order, those of a kind in one colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from devices.android.run.profile import Operator, by_kind
from reports.pictures.figures import COLOURS
from zoo.base.files import replacing

OTHERS = "#999999"


def draw_profile(operators: Sequence[Operator], title: str, path: Path) -> None:
    """A bar an operator, at `path` as PNG."""
    kinds = [kind for kind, *_ in by_kind(operators)]
    colours = dict(zip(kinds, COLOURS, strict=False))
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for kind in kinds:
        places = [place for place, one in enumerate(operators) if one.kind == kind]
        heights = [operators[place].mean_ms for place in places]
        label = f"{kind}: {sum(heights):.3f} ms" if kind in colours else None
        axes.bar(places, heights, width=1.0, color=colours.get(kind, OTHERS), label=label)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("operators in run order", fontsize=9)
    axes.set_ylabel("mean ms an inference", fontsize=9)
    axes.margins(x=0.01)
    axes.legend(fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
