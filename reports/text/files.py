"""An exported file in a line, or as a flat record: how large it is, how right, and what is unknown.

Of what its manifest holds: nothing is run for it.
"""

from __future__ import annotations

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
    if record["largest_inside"] is not None and record["largest_inside"] > LARGEST_HALF:
        parts.append(f"fp16 may overflow: sums inside can reach {record['largest_inside']:.0f}")
    if record["rejected"]:
        parts.append(f"REJECTED: {record['rejected']}")
    return f"{record['model']}.{record['format']}.{record['precision']}: {'; '.join(parts)}"


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


def _parity(record: dict[str, Any]) -> list[str]:
    if record["max_abs_difference"] is not None:
        decided = record["unlike_pixels"]
        sides = "" if decided is None else f", {decided:.3%} of the pixels are decided otherwise"
        return [
            f"masks differ from torch's by {record['max_abs_difference']:.0e} at most, "
            f"on {record['compared_images']} images{sides}"
        ]
    if record["parity_reason"] == record.get("reason"):
        return []
    return [f"masks not compared: {record['parity_reason']}"]
