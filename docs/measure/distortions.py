"""Which distortion costs which variant how many points, on each data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from measure.record import DOCS
from measure.steps import JOINED, exports, photographs
from measure.workshop import Workshop
from zoo.artifact.iou import points_text
from zoo.artifact.judgement import Judgement
from zoo.registry import get
from zoo.spec import ZOO

MODELS = tuple(f"{ZOO}_{one}" for one in ("0.35_128", "0.5_224", "0.75_192", "1.0_224"))
FILE = ("--format", "tflite", "--precision", "fp32")


def distortions(shop: Workshop) -> None:
    """A table for each data set: a distortion a row, a variant a column."""
    photographs(shop)
    exports(shop, *FILE)
    found = {name: _measured(shop, name) for name in MODELS}
    tables = [_table(found, source) for source in found[MODELS[0]]["images"]]
    write_text(DOCS / "measured/precision/distortions.md", "\n".join(tables))


def _measured(shop: Workshop, name: str) -> dict[str, Any]:
    asked = ("--data", JOINED, "--distort", "all", "--json")
    told = shop.bench(shop.files, "eval", "--model", name, *FILE, *asked)
    [record] = json.loads(told)
    return dict(record)


def _table(found: dict[str, dict[str, Any]], source: str) -> str:
    labels = [get(name).label for name in found]
    images = next(iter(found.values()))["images"][source]
    lines = [
        f"On {images} photographs of {source}:",
        "",
        f"| points of IoU | {' | '.join(labels)} |",
        f"|---|{'---|' * len(labels)}",
        *_rows(found, source),
    ]
    return "\n".join(lines) + "\n"


def _rows(found: dict[str, dict[str, Any]], source: str) -> Iterator[str]:
    for distortion in next(iter(found.values()))["by_distortion"]:
        each = [record["by_distortion"][distortion][source] for record in found.values()]
        yield f"| {distortion} | {' | '.join(_cell(distortion, one) for one in each)} |"


def _cell(distortion: str, stored: dict[str, Any]) -> str:
    one = Judgement.model_validate(stored)
    return one.iou.text if distortion == "none" else points_text(one.difference)
