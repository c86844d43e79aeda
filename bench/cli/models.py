"""`bench models`: what the registry holds, and what exists of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import json_option, model_option

if TYPE_CHECKING:
    from zoo.files import Home
    from zoo.spec import ModelSpec


@click.command()
@model_option("*")
@json_option
def command(models: tuple[str, ...], as_json: bool) -> None:
    """List the models: parameters, MACs, and what exists of each.

    \b
    Example:
      bench models --model 'mnv2_unet_0.35_*' --json
    """
    from collections import Counter

    from bench.store import read_all
    from zoo.files import Home
    from zoo.registry import select

    home = Home.default()
    sessions = Counter(s.request.model for s in read_all(home).sessions if s.timed)
    rows = [_row(home, spec, sessions[spec.name]) for spec in select(models)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    click.echo(
        f"{'model':26}{'params':>9}{'MMACs':>8}  {'checkpoint':18} {'artifacts':44} sessions"
    )
    for row in rows:
        made = " ".join(row["artifacts"]) or "-"
        click.echo(
            f"{row['model']:26}{row['parameters']:>9,}{row['macs'] / 1e6:>8.1f}  "
            f"{_checkpoint(row):18} {made:44} {row['sessions'] or '-'}"
        )


def _row(home: Home, spec: ModelSpec, sessions: int) -> dict[str, Any]:
    from zoo.checkpoint import checkpoint_path, read_record
    from zoo.errors import MissingStep
    from zoo.manifest import read_manifest
    from zoo.network import complexity

    counted = complexity(spec)
    try:
        record = read_record(checkpoint_path(home, spec))
        checkpoint = {
            "validation_iou": record.validation_iou,
            "dataset": record.split.dataset,
            "init": record.init.kind,
        }
    except MissingStep:
        checkpoint = None
    manifest = read_manifest(home, spec)
    return {
        "model": spec.name,
        "parameters": counted.parameters,
        "macs": counted.macs,
        "checkpoint": checkpoint,
        "artifacts": {key: a.sha256 for key, a in sorted(manifest.artifacts.items())},
        "export_failures": manifest.failures,
        "sessions": sessions,
    }


def _checkpoint(row: dict[str, Any]) -> str:
    found = row["checkpoint"]
    if found is None:
        return "-"
    return f"{found['dataset']} IoU {found['validation_iou']:.3f}"
