"""An exported file in a line, or as a flat record: how large it is, how right, and what is unknown.

Of what its manifest holds: nothing is run for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.artifact.half import LARGEST_HALF
from zoo.artifact.manifest import Accuracy, Artifact


def file_record(
    artifact: Artifact, accuracy: Accuracy | None, reason: str | None
) -> dict[str, Any]:
    """accuracy: on the images that are asked for, else null with the reason. IoUs are 0..1."""
    record: dict[str, Any] = {
        "model": artifact.model,
        "format": artifact.format,
        "precision": artifact.precision,
        "io": artifact.io,
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "max_abs_difference": artifact.parity.max_abs_difference if artifact.parity else None,
        "unlike_pixels": artifact.parity.unlike_pixels if artifact.parity else None,
        "compared_images": artifact.parity.images if artifact.parity else 0,
        "parity_reason": artifact.parity_reason,
        "largest_inside": artifact.largest,
    }
    if accuracy is None:
        weights = artifact.weights
        return record | {
            "iou": None,
            "reason": reason,
            "weights": weights.judgement.model_dump(mode="json") if weights else None,
            "rejected": artifact.rejected,
        }
    half = artifact.half if accuracy == artifact.accuracy else None
    return record | {
        "data": accuracy.dataset,
        "split": accuracy.split,
        "images": accuracy.images,
        **accuracy.judgement.model_dump(mode="json"),
        "of": "the file" if accuracy.computed_in is None else "its weights",
        "computed_in": accuracy.computed_in,
        "half": half.judgement.model_dump(mode="json") if half else None,
        "rejected": accuracy.judgement.rejected or artifact.rejected,
    }


def file_line(record: dict[str, Any]) -> str:
    """For a terminal: size, IoU and what was lost, masks against torch's."""
    parts = [f"{record['size_bytes'] / 1e6:.2f} MB", *_accuracy(record), *_parity(record)]
    return f"{_name(record)}: {'; '.join([*parts, *_faults(record)])}"


def _accuracy(record: dict[str, Any]) -> list[str]:
    if record["iou"] is not None:
        whole = f"on {record['images']} {record['data']} {record['split']} images"
        if record["computed_in"] is None:
            return [f"IoU {_judged(record, whole)}"]
        found = [
            f"IoU of its weights, computed in {record['computed_in']}, {_judged(record, whole)}"
        ]
        return found + ([_in_half(record["half"])] if record["half"] else [])
    if record["weights"] is None:
        return [f"IoU not measured: {record['reason']}"]
    inside = _judged(record["weights"], "in torch")
    return [f"IoU not measured: {record['reason']}; that of its weights {inside}"]


def _in_half(found: dict[str, Any]) -> str:
    return f"in fp16 arithmetic, by torch, {_points(found['difference'])}"


def _points(change: dict[str, float]) -> str:
    low, high = 100 * change["low"], 100 * change["high"]
    return f"{100 * change['value']:+.2f} points [{low:+.2f}, {high:+.2f}]"


def _judged(found: dict[str, Any], where: str) -> str:
    iou = found["iou"]
    return (
        f"{iou['value']:.4f} [{iou['low']:.4f}, {iou['high']:.4f}] {where}, "
        f"{_points(found['difference'])} from torch's, {found['fell']} images fell by more than 5"
    )


def files_text(records: Sequence[dict[str, Any]]) -> str:
    """Of many files, a line or few: how many, how like torch's their masks are, which are rejected
    or may overflow."""
    megabytes = sum(record["size_bytes"] for record in records) / 1e6
    lines = [f"{len(records)} files, {megabytes:.0f} MB"]
    compared = [record for record in records if record["unlike_pixels"] is not None]
    if compared:
        worst = max(compared, key=lambda record: float(record["unlike_pixels"]))
        lines.append(
            f"{unlike_text(worst['unlike_pixels'])} at most "
            f"({_name(worst)}, {worst['compared_images']} images)"
        )
    measured = sum(record["iou"] is not None for record in records)
    if measured < len(records):
        reason = next(record["reason"] for record in records if record["iou"] is None)
        lines.append(f"IoU of {len(records) - measured} files not measured: {reason}")
    for record in records:
        lines += [f"{_name(record)}: {fault}" for fault in _faults(record)]
    return "\n".join([*lines, "each file: bench models --long"])


def unlike_text(share: float) -> str:
    """What a reader can picture: pixels that change sides."""
    told = "no pixel differs" if share == 0 else f"{_percent(share)} of the pixels differ"
    return f"{told} from torch's mask"


def _percent(share: float) -> str:
    return "under 0.001 %" if share < 1e-5 else f"{100 * share:.2g} %"


def _name(record: dict[str, Any]) -> str:
    return f"{record['model']}.{record['format']}.{record['precision']}"


def _faults(record: dict[str, Any]) -> list[str]:
    faults = []
    if record["largest_inside"] is not None and record["largest_inside"] > LARGEST_HALF:
        faults.append(f"fp16 may overflow: sums inside can reach {record['largest_inside']:.0f}")
    if record["rejected"]:
        faults.append(f"REJECTED: {record['rejected']}")
    return faults


def _parity(record: dict[str, Any]) -> list[str]:
    if record["unlike_pixels"] is not None:
        return [f"{unlike_text(record['unlike_pixels'])}, on {record['compared_images']} images"]
    if record["max_abs_difference"] is not None:
        return [f"its mask differs by up to {record['max_abs_difference']:.2g} from torch's"]
    if record["parity_reason"] == record.get("reason"):
        return []
    return [f"masks not compared: {record['parity_reason']}"]
