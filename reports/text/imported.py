"""Imported models as records, and how they are fed and read in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.base.pictures import shown
from zoo.imported.accuracy import Evaluation
from zoo.imported.record import Imported, Input, Output

NO_NETWORK = "an imported model: there is no network of it to compare with"


def fed_lines(how: Input) -> dict[str, str]:
    """By the names of `bench import`'s options."""
    lines = {
        "size": f"{how.height}x{how.width}",
        "layout": how.layout,
        "colour": how.colour,
        "range": f"{how.range[0]:g}..{how.range[1]:g}",
    }
    if any(how.mean):
        lines["mean"] = ", ".join(f"{value:g}" for value in how.mean)
    if how.std != (1.0, 1.0, 1.0):
        lines["std"] = ", ".join(f"{value:g}" for value in how.std)
    return lines


def read_lines(how: Output) -> dict[str, str]:
    """By the names of `bench import`'s options."""
    return {
        "output": f"{how.index} {shown(how.name)}",
        "channel": str(how.channel),
        "activation": how.activation,
        "threshold": f"{how.threshold:g}",
    }


def guessed_lines(model: Imported, why: Mapping[str, str]) -> list[str]:
    """A property a line, with where it is from. why: by property, as zoo.imported.guess has it."""
    lines = []
    for name, value in {**fed_lines(model.input), **read_lines(model.output)}.items():
        known = why.get(name)
        lines.append(f"  --{name:10} {value:12} {known}" if known else f"    {name:10} {value}")
    return lines


def imported_record(
    model: Imported, found: Evaluation | None, reason: str | None = None
) -> dict[str, Any]:
    """As `reports.text.files.file_record` has it for a variant's file."""
    record: dict[str, Any] = {
        "model": model.name,
        "format": model.format,
        "precision": model.precision,
        "io": "as imported",
        "sha256": model.sha256,
        "size_bytes": model.size_bytes,
        "max_abs_difference": None,
        "unlike_pixels": None,
        "compared_images": 0,
        "parity_reason": NO_NETWORK,
        "largest_inside": None,
        "rejected": None,
    }
    if found is None:
        return record | {"iou": None, "reason": reason, "weights": None}
    return record | {
        "data": found.dataset,
        "split": found.split,
        "runtime": found.runtime,
        "images": found.images,
        "iou": found.iou.model_dump(mode="json"),
        "difference": None,
        "fell": None,
        "of": "the file",
        "computed_in": None,
        "half": None,
    }
