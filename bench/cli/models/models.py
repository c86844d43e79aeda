"""`bench models`: what the registry holds, and what exists of each."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import format_option, json_option, model_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.text.listing import Format
    from zoo.artifact.iou import ImageCounts
    from zoo.checkpoint import CheckpointRecord
    from zoo.home import Home
    from zoo.spec import ModelSpec


@click.command()
@model_option("*")
@click.option(
    "--long",
    "as_long",
    is_flag=True,
    help="IoU with its interval, of what, first weights, and each exported file.",
)
@format_option
@json_option
def command(models: tuple[str, ...], as_long: bool, format: Format, as_json: bool) -> None:
    """List the models: parameters, MACs, and what exists of each.

    \b
    Example:
      bench models --long --model 'mnv2_unet_0.35_*'
    """
    from bench.sessions.store import timed_by_model
    from zoo.home import Home
    from zoo.registry import select

    if as_long and format != "table":
        raise click.UsageError("--format is of the short list; --json holds all of the long one")
    home = Home.default()
    sessions = timed_by_model(home)
    rows = [_row(home, spec, sessions[spec.name]) for spec in select(models)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    elif as_long:
        _print_long(rows)
    else:
        _print_short(rows, format)


def _print_short(rows: Sequence[dict[str, Any]], format: Format) -> None:
    from reports.text.listing import listing

    titles = ("model", "params", "MMACs", "checkpoint", "files", "sessions")
    cells = []
    for row in rows:
        counts = Counter(file["format"] for file in row["artifacts"].values())
        made = ", ".join(f"{count} {name}" for name, count in counts.items()) or "-"
        size = (row["model"], f"{row['parameters']:,}", f"{row['macs'] / 1e6:.1f}")
        cells.append([*size, _checkpoint(row), made, str(row["sessions"] or "-")])
    click.echo(listing(titles, cells, format, ("params", "MMACs", "sessions")))


def _print_long(rows: Sequence[dict[str, Any]]) -> None:
    """IoU of the checkpoint here, else of the weights that come with the package; then a line a
    file that was exported."""
    from reports.text.files import file_line

    click.echo(f"{'model':30}{'params':>9}{'MMACs':>8}  {'IoU [95 %]':22} init        of")
    for row in rows:
        found, shipped = row["checkpoint"], row["shipped"]
        best = found or shipped
        if best is None:
            click.echo(f"{_size(row)}  not trained")
            continue
        whose = "a training here"
        if best["shipped"]:
            whose = "the weights in the package" + ("" if found else ", not taken yet")
        text = f"{best['iou']:.3f} (its counts are gone)"
        if best["images"]:
            text = f"{best['iou']:.3f} [{best['iou_low']:.3f}, {best['iou_high']:.3f}]"
        on = f"{best['images']} {best['dataset']} validation images"
        click.echo(f"{_size(row)}  {text:22} {best['init']:11} {whose}; {on}")
        for file in row["artifacts"].values():
            click.echo(f"    {file_line(file)}")
        for key, reason in row["export_failures"].items():
            click.echo(f"    {row['model']}.{key}: not made: {reason}")


def _size(row: dict[str, Any]) -> str:
    return f"{row['model']:30}{row['parameters']:>9,}{row['macs'] / 1e6:>8.1f}"


def _row(home: Home, spec: ModelSpec, sessions: int) -> dict[str, Any]:
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
        checkpoint = _accuracy(read_record(path), read_counts(counts) if counts.is_file() else [])
    manifest = read_manifest(home, spec)
    return {
        "model": spec.name,
        "parameters": counted.parameters,
        "macs": counted.macs,
        "checkpoint": checkpoint,
        "shipped": shipped_accuracy(spec),
        "artifacts": {
            key: file_record(a, a.accuracy, a.accuracy_reason)
            for key, a in sorted(manifest.artifacts.items())
        },
        "export_failures": manifest.failures,
        "sessions": sessions,
    }


def shipped_accuracy(spec: ModelSpec) -> dict[str, Any] | None:
    """Of the weights that come with the package; None where they hold no such variant."""
    from zoo.box import find_record, read_box_counts

    record = find_record(spec)
    if record is None:
        return None
    return _accuracy(record, read_box_counts(spec)) | {"shipped": True}


def _accuracy(record: CheckpointRecord, counts: Sequence[ImageCounts]) -> dict[str, Any]:
    from zoo.artifact.iou import pooled_interval

    iou = pooled_interval(counts) if counts else None
    return {
        "iou": record.validation_iou,
        "iou_low": iou and iou.low,
        "iou_high": iou and iou.high,
        "images": len(counts),
        "dataset": record.split.dataset,
        "init": record.init.kind,
        "shipped": record.shipped is not None,
    }


def _checkpoint(row: dict[str, Any]) -> str:
    found = row["checkpoint"]
    if found is None:
        return "in the package" if row["shipped"] else "-"
    return f"{found['dataset']} IoU {found['iou']:.3f}"
