"""What would measure a figure that a row lacks: the command to type, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bench.statistics.stats import order_ranks
from bench.work import again
from bench.work.typed_inputs import typed
from devices.records import Loop
from reports.gather.rows import Row
from zoo.registry import ARCHITECTURES
from zoo.spec import ZOO, ModelSpec

Figure = Literal["iou", "change", "relative", "p90", "first", "size", "peak"]
NOT_MEASURED = "not measured"
NAME = "NAME"
# The lightest of the zoo, and what is taken beside that one itself.
REFERENCES = tuple(
    ModelSpec(arch=ZOO, width=width, size=min(ARCHITECTURES[ZOO].sizes)).name
    for width in ARCHITECTURES[ZOO].widths[:2]
)


class Unmeasured:
    """The cells of one table that say `not measured (2)`, and its notes that say what would."""

    def __init__(self) -> None:
        self._models: dict[str, dict[str, None]] = {}

    def cell(self, figure: Figure, row: Row, reason: str | None = None) -> str:
        text = remedy(figure, row, NAME)
        self._models.setdefault(text, {})[typed_model(row)] = None
        number = list(self._models).index(text) + 1
        return f"{NOT_MEASURED}{f': {reason}' if reason else ''} ({number})"

    @property
    def notes(self) -> list[str]:
        """A line a number; NAME is the row's model, where there are several."""
        found = []
        for number, (text, models) in enumerate(self._models.items(), 1):
            named = text if len(models) > 1 else _named(text, *models)
            found.append(f"({number}) {named}")
        return found


def typed_model(row: Row) -> str:
    """Its name by itself, without what sets it apart in a report, as a shell reads it."""
    return typed(row.asked)


def _named(text: str, model: str) -> str:
    return text.replace(f"--model {NAME}", f"--model {model}")


def remedy(figure: Figure, row: Row, name: str | None = None) -> str:
    """name: to stand for the row's model."""
    name = name or typed_model(row)
    match figure:
        case _ if row.origin == "zoo" and not row.of_zoo:
            return "not a variant of this version: bench models"
        case "iou" | "change" | "size" if row.origin == "file":
            return "no command measures this of a file of one's own"
        case "change" if row.origin == "imported":
            return "there is no network of an imported file to compare it with"
        case "change" if row.last.request.format == "torch":
            return "it is torch's own: the others are compared with it"
        case "iou" | "change" | "size":
            return _of_file(row, name)
        case "relative":
            return _beside_another(row, name)
        case "p90":
            return _tail(row, name)
        case "peak" if row.facet.device.kind == "browser":
            return "a browser tells no page its memory"
        case "first" | "peak":
            return run_command(row, name)


def lacking(figure: Figure, row: Row) -> str:
    """A cell by itself: that it is not measured, and what would."""
    return f"{NOT_MEASURED}: {remedy(figure, row)}"


def _beside_another(row: Row, name: str) -> str:
    if row.origin == "file":
        return run_command(row).replace("FILE", "FILE OTHER_FILE", 1)
    beside = next(model for model in REFERENCES if model != row.model)
    # An imported model has one; its reference is to be measured in the same.
    same = f" --precision {row.facet.precision}" if row.origin == "imported" else ""
    return f"{run_command(row, name)}{same} --model {beside} --reference {beside}"


def _of_file(row: Row, name: str) -> str:
    """Its accuracy or, where the file has gone, the file and its latency."""
    found = row.joined.remedy
    told = found and found.replace(f"--model {typed_model(row)}", f"--model {name}")
    if row.joined.orphan is None:
        return told or run_command(row, name)
    if told and not told.startswith("bench export"):
        return told
    return ", then ".join(filter(None, [told, run_command(row, name)]))


def _of_means(row: Row) -> bool:
    """Whether some of its sessions have samples enough, and still no tail: a browser's samples may
    each be the mean of several inferences."""
    figures = row.stored.figures
    samples = figures["samples"][row.used][np.isnan(figures["p90_ms"][row.used])]
    return any(order_ranks(int(count), 0.9) is not None for count in samples)


def _tail(row: Row, name: str) -> str:
    """More samples in each session."""
    last = row.last
    loop = last.plan.loop
    if not last.samples:
        return "this device gives no single samples"
    if row.by_cpu:
        return f"for p90, more samples: {run_command(row, name)}, while nothing else runs"
    if _of_means(row):
        return "each sample is the mean of several inferences there, which has no p90"
    turns = loop.turns
    if turns is None:
        more = loop.model_copy(update={"limit_s": 2 * loop.limit_s})
    else:
        longer = turns.model_copy(update={"rounds": min(1000, 2 * turns.rounds)})
        more = loop.model_copy(update={"turns": longer})
    return f"for p90, more samples: {run_command(row, name, more)}"


def run_command(row: Row, name: str | None = None, loop: Loop | None = None) -> str:
    """What measures such a row again, as it was measured. loop: another than its own."""
    last = row.last
    what = "FILE" if row.origin == "file" else f"--model {name or typed_model(row)}"
    # As it may be shown to others.
    folder = last.home.told(str(last.home.inputs))
    device, own = row.facet.device, last.plan.loop
    return again.run_command(last.request, device, loop or own, what, folder)


def missing(row: Row, rows: Sequence[Row]) -> list[list[str]]:
    """Every figure that the row lacks, each with what would measure it. rows: of its place, by
    which a reference is known."""
    beside = row.relative is None and row.model not in {other.relative_to for other in rows}
    lacks: dict[Figure, bool] = {
        "iou": row.joined.iou is None,
        "change": row.joined.iou_change is None,
        "relative": beside,
        "p90": row.p90_ms is None,
        "first": row.first_inference_ms is None,
        "size": row.joined.size_bytes is None,
        "peak": row.peak_memory_bytes is None,
    }
    return [[figure, remedy(figure, row, NAME)] for figure, lacking in lacks.items() if lacking]
