"""The IoU of a model's weights as the lists show it: on each data set that it was counted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.text.listing import Column
    from zoo.artifact.iou import ImageCounts
    from zoo.checkpoint import CheckpointRecord
    from zoo.spec import ModelSpec

# A row's accuracy, as `accuracy_of` has it.
Found = Callable[[dict[str, Any]], dict[str, Any] | None]


def accuracy_of(record: CheckpointRecord, counts: Sequence[ImageCounts]) -> dict[str, Any]:
    """For `--json`: the IoU on LFW, or on what else it was counted on, and by data set."""
    from zoo.artifact.sources import by_source, headline

    found = {one.source: one for one in by_source(counts, record.split.dataset)}
    shown = found[headline(found)] if found else None
    return {
        "iou": shown.iou.value if shown else record.validation_iou,
        "iou_low": shown and shown.iou.low,
        "iou_high": shown and shown.iou.high,
        "images": shown.images if shown else 0,
        "data": shown.source if shown else record.split.dataset,
        "by_source": [asdict(one) for one in found.values()],
        "dataset": record.split.dataset,
        "init": record.init.kind,
        "shipped": record.shipped is not None,
    }


def shipped_accuracy(spec: ModelSpec) -> dict[str, Any] | None:
    """Of the weights that come with the package; None where they hold no such variant."""
    from zoo.box import find_record, read_box_counts

    record = find_record(spec)
    if record is None:
        return None
    return accuracy_of(record, read_box_counts(spec)) | {"shipped": True}


def iou_columns(rows: Sequence[dict[str, Any]], found: Found) -> list[Column]:
    """A column a data set, LFW's first."""
    from reports.text.listing import Column
    from zoo.artifact.sources import headline_first

    known = [one for row in rows if (one := found(row))]
    names = {name for one in known for name in _ious(one)}
    ordered = headline_first(names)
    if not ordered:
        return [Column(title="IoU [95 %]", text=lambda row: "not trained")]
    return [Column(title=f"IoU on {name} [95 %]", text=_text_on(name, found)) for name in ordered]


def _ious(one: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Each data set's figure; of gone counts the one that its record holds."""
    whole = {"value": one["iou"], "low": one["iou_low"], "high": one["iou_high"]}
    parts = one.get("by_source") or []
    return {part["source"]: part["iou"] for part in parts} or {one["data"]: whole}


def _text_on(name: str, found: Found) -> Callable[[dict[str, Any]], str]:
    from zoo.artifact.iou import span_text

    def text(row: dict[str, Any]) -> str:
        one = found(row)
        if one is None:
            return "not trained"
        iou = _ious(one).get(name)
        if iou is None:
            return "-"
        gone = " (its counts are gone)"
        return f"{iou['value']:.3f}" + (
            f" {span_text(iou['low'], iou['high'], '.3f')}" if one["images"] else gone
        )

    return text
