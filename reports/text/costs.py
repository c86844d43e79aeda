"""What other photographs cost exported files, as a list: a way of resizing or a distortion a line.

Of the records that are stored beside the files: nothing is run for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.text.fitting import fitted
from reports.text.listing import Column, Format, column, listing
from zoo.artifact.distortion_record import PLAIN, DistortionRecord
from zoo.artifact.iou import Interval, points_text
from zoo.artifact.judgement import Judgement
from zoo.artifact.resize_record import FILTERED, ResizeRecord

# What the others are compared with.
AGAINST = {
    "resize": "against pil, the zoo's filtered way",
    "distortion": "against the same photographs as they are",
}


def cost_rows(record: ResizeRecord | DistortionRecord) -> list[dict[str, Any]]:
    """A row for each way and data set; IoUs and their differences are 0..1."""
    whole: dict[str, Any] = {"model": record.model, "key": record.key, "split": record.split}
    if isinstance(record, ResizeRecord):
        whole |= {"images": record.images, "side": record.side, "grain": record.grain}
        return [
            whole | {"data": record.dataset, "resize": name} | _judged(found)
            for name, found in record.by_resize.items()
        ]
    return [
        whole | {"images": images, "data": data, "distortion": name} | _judged(found[data])
        for name, found in record.by_distortion.items()
        for data, images in record.images.items()
    ]


def _judged(found: Judgement) -> dict[str, Any]:
    return found.model_dump(mode="json", exclude={"bound"})


def cost_list(
    rows: Sequence[dict[str, Any]], unmeasured: Sequence[dict[str, Any]], format: Format = "table"
) -> str:
    """rows: as `cost_rows` gives them. unmeasured: of other files, model, key and the reason; told
    under a table, and rows without figures elsewhere."""
    way = _way(rows)
    records = list(rows) if format == "table" else [*rows, *unmeasured]
    told = listing(_columns(way), records, format) if records else ""
    if format != "table":
        return told
    notes = [*cost_notes(rows), *(_unmeasured(row) for row in unmeasured)]
    return fitted("\n".join([*([told] if told else []), *notes]))


def _columns(way: str) -> list[Column]:
    return [
        column("model", "model"),
        Column(title="file", text=lambda row: row["key"].replace(".", " ")),
        Column(title="data", text=lambda row: row.get("data", "")),
        Column(title=way, text=lambda row: row.get(way, "")),
        Column(title="IoU [95 %]", text=_iou),
        Column(title="points [95 %]", text=_points),
        Column(title="fell", text=lambda row: str(row.get("fell", "")), right=True),
    ]


def _iou(row: dict[str, Any]) -> str:
    if "iou" not in row:
        return f"not measured: {row['reason']}"
    return Interval(**row["iou"]).text


def _points(row: dict[str, Any]) -> str:
    if "iou" not in row or row.get("resize") == FILTERED or row.get("distortion") == PLAIN:
        return ""
    return points_text(Interval(**row["difference"]))


def cost_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the figures are of; of no rows nothing."""
    if not rows:
        return []
    images = dict.fromkeys(f"{row['images']} {row['data']} {row['split']}" for row in rows)
    enlarged = dict.fromkeys(
        f", enlarged to {row['side']} pixels, grain {row['grain']:g}"
        for row in rows
        if "side" in row
    )
    return [
        f"IoU: on {' and '.join(images)} images{''.join(enlarged)}",
        f"points: {AGAINST[_way(rows)]}; fell: images that lost more than 5",
    ]


def _way(rows: Sequence[dict[str, Any]]) -> str:
    return next((way for row in rows for way in AGAINST if way in row), "distortion")


def _unmeasured(row: dict[str, Any]) -> str:
    return f"{row['model']}.{row['key']}: not measured: {row['reason']}"
