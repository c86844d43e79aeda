"""`bench models`: what the registry holds and what was imported, and what exists of each."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import format_option, json_option, model_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.text.listing import Format
    from zoo.home import Home
    from zoo.imported.record import Imported
    from zoo.spec import ModelSpec


@click.command()
@model_option("*")
@click.option(
    "--long",
    "as_long",
    is_flag=True,
    help="IoU with its interval, of what, first weights, and each exported file.",
)
@format_option()
@json_option
def command(models: tuple[str, ...], as_long: bool, format: Format, as_json: bool) -> None:
    """List the models: parameters, MACs, and what exists of each.

    \b
    Example:
      bench models --long --model 'mnv2_slim_unet_0.35_*'
      bench models --format csv
    """
    from bench.sessions.store import timed_by_model
    from zoo.catalogue import select
    from zoo.home import Home
    from zoo.imported.record import Imported

    home = Home.default()
    sessions = timed_by_model(home)
    rows = [
        _imported(home, model, sessions[model.name])
        if isinstance(model, Imported)
        else _row(home, model, sessions[model.name])
        for model in select(home, models)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    elif as_long:
        click.echo(_long(rows, format))
    else:
        click.echo(_short(rows, format))


def _short(rows: Sequence[dict[str, Any]], format: Format) -> str:
    from reports.text.listing import Column, column, listing

    columns = [
        column("model", "model"),
        Column(title="params", text=_parameters, right=True),
        Column(title="MMACs", text=_macs, right=True),
        Column(title="checkpoint", text=_checkpoint),
        Column(title="files", text=_files),
        Column(title="sessions", text=lambda row: str(row["sessions"] or "-"), right=True),
    ]
    per_file = ("artifacts", "export_failures")
    short = [{k: v for k, v in row.items() if k not in per_file} for row in rows]
    return listing(columns, short if format == "csv" else rows, format)


def _long(rows: Sequence[dict[str, Any]], format: Format) -> str:
    """IoU of the checkpoint here, else of the weights that come with the package; then a line a
    file that was exported. CSV is of the files, of none of the models."""
    from bench.cli.models.shown_iou import iou_columns
    from reports.text.files import file_list
    from reports.text.fitting import fitted
    from reports.text.listing import Column, column, listing

    columns = [
        column("model", "model"),
        *iou_columns(rows, _best),
        Column(title="first weights", text=lambda row: (_best(row) or {}).get("init", "")),
        Column(title="weights", text=_whose),
        Column(title="images", text=_images, right=True),
    ]
    files = [file for row in rows for file in row["artifacts"].values()]
    failures = [
        f"{row['model']}.{key}: not made: {reason}"
        for row in rows
        for key, reason in row["export_failures"].items()
    ]
    if format == "csv" and not files:
        return _short(rows, format)
    parts = [] if format == "csv" else [listing(columns, rows, format)]
    parts += [file_list(files, format)] if files else []
    parts += [fitted("\n".join(failures))] if failures and format == "table" else []
    return "\n\n".join(parts)


def _parameters(row: dict[str, Any]) -> str:
    return "-" if row["parameters"] is None else f"{row['parameters']:,}"


def _macs(row: dict[str, Any]) -> str:
    return "-" if row["macs"] is None else f"{row['macs'] / 1e6:.1f}"


def _files(row: dict[str, Any]) -> str:
    counts = Counter(file["format"] for file in row["artifacts"].values())
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "-"


def _best(row: dict[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = row["checkpoint"] or row["shipped"]
    return found


def _whose(row: dict[str, Any]) -> str:
    best = _best(row)
    if best is None:
        return "-"
    if best["init"] == "imported":
        return "imported"
    if not best["shipped"]:
        return "trained here"
    return "the package's" + ("" if row["checkpoint"] else ", not taken")


def _images(row: dict[str, Any]) -> str:
    best = _best(row)
    if not best:
        return "-"
    parts = best.get("by_source") or [{"images": best["images"], "source": best["dataset"]}]
    return ", ".join(f"{part['images']} {part['source']}" for part in parts)


def _row(home: Home, spec: ModelSpec, sessions: int) -> dict[str, Any]:
    from bench.cli.models.shown_iou import accuracy_of, shipped_accuracy
    from reports.text.files import file_record
    from zoo.artifact.iou import read_counts
    from zoo.artifact.manifest import read_manifest
    from zoo.checkpoint import COUNTS_NAME, checkpoint_path, read_record
    from zoo.complexity import complexity

    counted = complexity(spec)
    path = checkpoint_path(home, spec)
    checkpoint = None
    if path.is_file():
        counts = path.with_name(COUNTS_NAME)
        checkpoint = accuracy_of(read_record(path), read_counts(counts) if counts.is_file() else [])
    manifest = read_manifest(home, spec)
    # What was taken from the package was counted once, there.
    taken = checkpoint is not None and checkpoint["shipped"] and checkpoint["images"]
    return {
        "model": spec.name,
        "origin": "zoo",
        "parameters": counted.parameters,
        "macs": counted.macs,
        "checkpoint": checkpoint,
        "shipped": checkpoint if taken else shipped_accuracy(spec),
        "artifacts": {
            key: file_record(a, a.validated, a.accuracy_reason)
            for key, a in sorted(manifest.artifacts.items())
        },
        "export_failures": manifest.failures,
        "sessions": sessions,
    }


def _imported(home: Home, model: Imported, sessions: int) -> dict[str, Any]:
    """As `_row`; what it scored stands where a variant's checkpoint does."""
    from reports.text.imported import imported_record
    from zoo.imported.accuracy import read_evaluations

    shown = read_evaluations(home, model.name).shown
    found = shown if shown is not None and shown.is_of(model) else None
    scored = found and {
        "iou": found.iou.value,
        "iou_low": found.iou.low,
        "iou_high": found.iou.high,
        "images": found.images,
        "data": found.dataset,
        "dataset": found.dataset,
        "init": "imported",
        "shipped": False,
    }
    return {
        "model": model.name,
        "origin": "imported",
        "parameters": None,
        "macs": None,
        "complexity_reason": model.complexity_reason,
        "checkpoint": scored,
        "shipped": None,
        "artifacts": {model.key: imported_record(model, found, "not evaluated")},
        "export_failures": {},
        "sessions": sessions,
    }


def _checkpoint(row: dict[str, Any]) -> str:
    found = row["checkpoint"]
    if found is None:
        return "in the package" if row["shipped"] else "-"
    return f"{found['data']} IoU {found['iou']:.3f}"
