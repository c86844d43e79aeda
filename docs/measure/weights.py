"""The package's weights, a variant a row: what their stored counts say."""

from __future__ import annotations

from measure.record import DOCS
from measure.steps import JOINED
from measure.workshop import Workshop
from zoo.artifact.sources import by_source
from zoo.base.files import write_text
from zoo.box import read_box_counts
from zoo.complexity import complexity
from zoo.registry import all_specs
from zoo.spec import ZOO, ModelSpec

HEAD = "| model | IoU on LFW [95 %] | IoU on Figaro-1k [95 %] | parameters | MMACs |"


def weights(shop: Workshop) -> None:
    """Of every variant of the zoo; nothing is measured."""
    rows = [row(spec) for spec in all_specs() if spec.arch == ZOO]
    write_text(DOCS / "measured/weights.md", "\n".join([HEAD, "|" + "---|" * 5, *rows, ""]))


def row(spec: ModelSpec) -> str:
    parts = {part.source: part.iou.text for part in by_source(read_box_counts(spec), JOINED)}
    size = complexity(spec)
    told = [spec.name, parts["lfw"], parts["figaro1k"]]
    return f"| {' | '.join([*told, f'{size.parameters:,}', f'{size.macs / 1e6:.1f}'])} |"
