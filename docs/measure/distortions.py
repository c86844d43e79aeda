"""Which distortion costs which variant how many points, on each data set."""

from __future__ import annotations

import json

from measure.record import DOCS
from measure.steps import JOINED, exports, photographs
from measure.workshop import Workshop
from zoo.artifact.distortion_record import DistortionRecord, cell
from zoo.base.files import write_text
from zoo.registry import get
from zoo.spec import ZOO

MODELS = tuple(f"{ZOO}_{one}" for one in ("0.35_128", "0.5_224", "0.75_192", "1.0_224"))
FILE = ("--format", "tflite", "--precision", "fp32")


def distortions(shop: Workshop) -> None:
    """A table for each data set: a distortion a row, a variant a column."""
    photographs(shop)
    exports(shop, *FILE)
    found = {name: _measured(shop, name) for name in MODELS}
    tables = [_table(found, source) for source in found[MODELS[0]].images]
    write_text(DOCS / "measured/precision/distortions.md", "\n".join(tables))


def _measured(shop: Workshop, name: str) -> DistortionRecord:
    asked = ("--data", JOINED, "--distort", "all", "--json")
    told = shop.bench(shop.files, "eval", "--model", name, *FILE, *asked)
    [stored] = json.loads(told)
    return DistortionRecord.model_validate(stored)


def _table(found: dict[str, DistortionRecord], source: str) -> str:
    labels = [get(name).label for name in found]
    first = found[MODELS[0]]
    lines = [
        f"On {first.images[source]} photographs of {source}:",
        "",
        f"| points of IoU | {' | '.join(labels)} |",
        f"|---|{'---|' * len(labels)}",
    ]
    for name in first.by_distortion:
        each = [cell(name, record.by_distortion[name][source]) for record in found.values()]
        lines.append(f"| {name} | {' | '.join(each)} |")
    return "\n".join(lines) + "\n"
