"""A table of what each kind of file loses in IoU, over the variants."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

TITLES = {"onnx": "ONNX", "tflite": "TFLite", "coreml": "Core ML"}
ORDER = ("fp32", "fp16", "int8", "int8w", "pal6", "pal4")


def points_table(models: Sequence[dict[str, Any]]) -> str:
    """models: what `bench models --long --json` lists."""
    lines = [
        "| file | size / fp32 | from torch, points: lowest, median, highest "
        "| images fallen by > 5 points, at most | of |",
        "|---|---|---|---|---|",
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


def _losses(artifacts: Sequence[dict[str, Any]]) -> tuple[str, str, str]:
    judged = [a["accuracy"] or a["weights"] for a in artifacts]
    if not all(judged):
        reason = next(a["accuracy_reason"] for a in artifacts if not a["accuracy"])
        return f"not measured: {reason}", "", ""
    points = [100 * j["judgement"]["difference"]["value"] for j in judged]
    fell = max(judged, key=lambda j: j["judgement"]["fell"])
    spread = (min(points), statistics.median(points), max(points))
    return (
        ", ".join(f"{value:+.2f}" for value in spread),
        f"{fell['judgement']['fell']} of {fell['images']}",
        _judged(artifacts[0]),
    )


def _judged(artifact: dict[str, Any]) -> str:
    """What the IoU is of."""
    if not artifact["accuracy"]:
        return "its weights, in torch"
    computed = artifact["accuracy"]["computed_in"]
    return f"its weights, in {computed}" if computed else "the file"
