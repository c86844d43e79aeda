"""A table of what each kind of file loses in IoU, over the variants."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from zoo.runtime.processor import REFERENCE

TITLES = {"onnx": "ONNX", "tflite": "TFLite", "coreml": "Core ML"}
ORDER = ("fp32", "fp16", "fp16a", "int8", "int8w", "pal6", "pal4")


def points_table(models: Sequence[dict[str, Any]]) -> str:
    """models: what `bench models --long --json` lists."""
    lines = [
        "| file | size / fp32 | from torch, points: lowest, median, highest "
        "| images fallen by > 5 points, at most | masks differ by at most | of |",
        "|---|---|---|---|---|---|",
    ]
    for format, title in TITLES.items():
        for precision in ORDER:
            key = f"{format}.{precision}"
            found = [model["artifacts"] for model in models if key in model["artifacts"]]
            if found:
                sizes = [a[key]["size_bytes"] / a[f"{format}.fp32"]["size_bytes"] for a in found]
                cells = [f"{title} {precision}", _range(sizes), *_losses([a[key] for a in found])]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _range(sizes: Sequence[float]) -> str:
    low, high = f"{min(sizes):.2f}", f"{max(sizes):.2f}"
    return ("1" if low == "1.00" else low) if low == high else f"{low} to {high}"


def _losses(files: Sequence[dict[str, Any]]) -> tuple[str, str, str, str]:
    if unknown := [file for file in files if file["iou"] is None]:
        return f"not measured: {unknown[0]['reason']}", "", "", ""
    points = [100 * file["difference"]["value"] for file in files]
    fell = max(files, key=lambda file: int(file["fell"]))
    spread = (min(points), statistics.median(points), max(points))
    return (
        ", ".join(f"{value:+.2f}" for value in spread),
        f"{fell['fell']} of {fell['images']}",
        f"{max(file['max_abs_difference'] for file in files):.2g}",
        _judged(files[0]),
    )


def _judged(file: dict[str, Any]) -> str:
    """What the IoU is of."""
    if file["runtime"] == REFERENCE:
        return "the file, by the reference interpreter"
    return f"its weights, in {file['computed_in']}" if file["computed_in"] else "the file"
