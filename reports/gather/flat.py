"""A row as a flat dictionary, every figure at full precision: for CSV, JSON and later reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devices.frame import STAGES
from reports.gather.report import Report
from reports.gather.rows import Row


def records(report: Report) -> list[dict[str, Any]]:
    """A flat dictionary a row, with every figure at full precision."""
    return [record(row) for row in report.rows]


def record(row: Row) -> dict[str, Any]:
    """One row, flat."""
    facet, joined = row.facet, row.joined
    p90, paper, beside = row.p90_ms, row.complexity, row.from_reference
    return {
        "model": row.model,
        "device": facet.device.name,
        "device_os": facet.device.os,
        "device_cores": facet.device.cores,
        "device_kind": facet.device.kind,
        "device_unit": facet.device.unit,
        "emulated": facet.device.emulated,
        "inputs": "; ".join(row.inputs) or None,
        "runtime": facet.runtime,
        "runtime_version": facet.runtime_version,
        "threads": facet.threads,
        "precision": facet.precision,
        "parameters": paper.parameters if paper else None,
        "macs": paper.macs if paper else None,
        "complexity_reason": row.complexity_reason,
        "protocol": facet.protocol,
        "iou": joined.iou.value if joined.iou else None,
        "iou_low": joined.iou.low if joined.iou else None,
        "iou_high": joined.iou.high if joined.iou else None,
        "iou_reference": row.reference,
        "iou_from_reference": beside.value if beside else None,
        "iou_from_reference_low": beside.low if beside else None,
        "iou_from_reference_high": beside.high if beside else None,
        "iou_change_from_torch": joined.iou_change.value if joined.iou_change else None,
        "iou_change_low": joined.iou_change.low if joined.iou_change else None,
        "iou_change_high": joined.iou_change.high if joined.iou_change else None,
        "iou_per_image_mean": joined.mean_iou.value if joined.mean_iou else None,
        "iou_of": joined.iou_of,
        "iou_of_reference": joined.of_reference,
        "iou_reason": joined.iou_reason,
        **_on_each(row),
        "rejected": joined.rejected,
        "p50_ms": row.p50_ms.value,
        "p50_ms_low": row.p50_ms.low,
        "p50_ms_high": row.p50_ms.high,
        "relative": row.relative.value if row.relative else None,
        "relative_low": row.relative.low if row.relative else None,
        "relative_high": row.relative.high if row.relative else None,
        "relative_to": row.relative_to,
        "relative_to_sha256": row.relative_to_sha256,
        "p90_ms": p90.value if p90 else None,
        "p90_ms_low": p90.low if p90 else None,
        "p90_ms_high": p90.high if p90 else None,
        "p95_ms": row.p95_ms.value if row.p95_ms else None,
        "p95_ms_low": row.p95_ms.low if row.p95_ms else None,
        "p95_ms_high": row.p95_ms.high if row.p95_ms else None,
        **{f"{stage}_ms": dict(row.stages_ms).get(stage) for stage in STAGES},
        "first_inference_ms": row.first_inference_ms,
        "load_ms": row.load_ms,
        "warm_load_ms": row.warm_load_ms,
        "peak_memory_bytes": row.peak_memory_bytes,
        "size_bytes": joined.size_bytes,
        "max_abs_difference": joined.max_abs_difference,
        "on_front": row.on_front,
        "front_probability": row.front_probability,
        "near_front": row.near_front,
        "dominated_by": row.dominated_by,
        "key": row.key,
        "usable": row.usable,
        "interrupted": row.interrupted,
        "by_cpu_time": row.by_cpu,
        "orphan": joined.orphan,
        "init": joined.init,
        "samples": row.samples,
        "sessions": " ".join(row.sessions),
        "session_runs": " ".join(map(str, row.session_runs)),
        "session_medians_ms": _words(row.session_medians_ms),
        "session_relatives": _words(row.session_relatives),
        "sessions_left_out": " ".join(id for id, _ in row.left_out),
        "artifact_sha256": row.artifact_sha256,
        "checkpoint_sha256": joined.checkpoint_sha256,
        "export_commit": joined.commit,
    }


def _on_each(row: Row) -> dict[str, float | None]:
    """The IoU on each data set that the file was run on: `iou_on_lfw` and so on."""
    found: dict[str, float | None] = {}
    for name, iou in row.joined.ious.items():
        found |= {f"iou_on_{name}": iou.value}
        found |= {f"iou_on_{name}_low": iou.low, f"iou_on_{name}_high": iou.high}
    return found


def _words(values: Sequence[float | None]) -> str:
    """One a session, in the order of the column sessions."""
    return " ".join("-" if value is None else f"{value:.6g}" for value in values)
