"""`bench export`: make the files that phones run, and prove them."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bench.cli.models.proving import held, prove_one, prove_side_by_side
from bench.cli.options import (
    files_and_list,
    files_and_list_option,
    force_option,
    json_option,
    model_option,
    precisions_option,
)
from bench.cli.spread import CHILD, do_on_ray, ray_option, say_undone
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reports.text.listing import Format
    from train.cluster.files import FilesOrder
    from train.data.dataset import Dataset
    from train.proof.photographs import Photographs
    from zoo.artifact.label import Io
    from zoo.artifact.manifest import Manifest
    from zoo.export.targets import Target
    from zoo.home import Home
    from zoo.spec import ModelSpec

FEW_FILES = 8


@click.command()
@model_option()
@files_and_list_option
@precisions_option
@click.option(
    "--io",
    type=click.Choice(["float", "int8"]),
    default="float",
    show_default=True,
    help="Both ends of int8 TFLite files.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Exports, and variants proved, at once.  [default: as many as cores]",
)
@ray_option("Export and prove")
@json_option
@force_option
@click.pass_context
def command(
    context: click.Context,
    models: tuple[str, ...],
    formats: tuple[str, ...],
    precisions: tuple[str, ...],
    io: Io,
    jobs: int | None,
    ray: str | None,
    as_json: bool,
    force: bool,
) -> None:
    """Export trained variants to ONNX, TFLite and Core ML, then prove each file.

    Proving runs the exported file itself: its masks against torch's, and its IoU on the
    validation images, where they are at hand. What cannot run here is left out with the reason.

    \b
    Example:
      bench export --model 'mnv2_slim_unet_0.35_*'
      bench export --model 'mnv2_slim_unet_*' --ray auto
    """
    from train.cluster.files import EXPORTING
    from zoo.base.progress import track
    from zoo.export.targets import targets
    from zoo.home import Home
    from zoo.registry import select

    files, format = files_and_list(formats)
    home, wanted, specs = Home.default(), targets(files, precisions, io), select(models)
    jobs, lost = jobs or os.cpu_count() or 1, list[str]()
    if ray is not None:
        datasets = _undone(home, specs, wanted, force)
        words = (*CHILD, "export", *words_of(context, ("models", "jobs", "ray", "as_json")))
        order = partial(_order, home, words, datasets)
        failed = do_on_ray(ray, jobs, list(datasets), EXPORTING, order)
        # Of an order that failed some variants may be done.
        lost = [spec.name for spec in _undone(home, failed, wanted, False)]
        say_undone(lost)
        specs, force = [spec for spec in specs if spec.name not in lost], False
    with held(home, specs):
        _export(home, specs, wanted, jobs, force)
    if jobs > 1:
        prove_side_by_side(context, home, specs, wanted, jobs)
    with held(home, specs):
        manifests = {
            spec: prove_one(home, spec, wanted) for spec in track(specs, "proving", "variants")
        }
    records = _records([manifests[spec] for spec in specs], {target.key for target in wanted})
    click.echo(json.dumps(records, indent=1) if as_json else _told(records, format))
    failures = sum(
        target.key in found.failures for found in manifests.values() for target in wanted
    )
    context.exit(1 if failures or lost else 0)


def _undone(
    home: Home, specs: Sequence[ModelSpec], wanted: Sequence[Target], force: bool
) -> dict[ModelSpec, tuple[Dataset, ...]]:
    """The variants that have a file to be made or proved, each with the data sets whose photographs
    it is proved on."""
    from train.proof.photographs import Photographs

    photographs = {spec: Photographs.of(home, spec) for spec in specs}
    return {
        spec: found.sets
        for spec, found in photographs.items()
        if force or not _is_done(home, spec, wanted, found)
    }


def _order(
    home: Home,
    words: tuple[str, ...],
    datasets: Mapping[ModelSpec, tuple[Dataset, ...]],
    specs: tuple[ModelSpec, ...],
) -> FilesOrder:
    from train.cluster.files import EXPORTING, FilesOrder

    known = {dataset.folder: dataset for spec in specs for dataset in datasets[spec]}
    return FilesOrder(
        home=home,
        specs=specs,
        words=words,
        datasets=tuple(known.values()),
        packages=EXPORTING,
        cores_option="--jobs",
    )


def _is_done(
    home: Home, spec: ModelSpec, wanted: Sequence[Target], photographs: Photographs
) -> bool:
    """Whether each file is there, of today's checkpoint and code, and proved."""
    from train.proof.prove import is_proved
    from zoo.artifact.manifest import read_manifest

    manifest = read_manifest(home, spec)
    if any(target.key not in manifest.artifacts for target in wanted):
        return False
    _, stale = _stale(home, spec, wanted, manifest, force=False)
    made = [manifest.artifacts[target.key] for target in wanted]
    return not stale and all(is_proved(home, spec, one, photographs) for one in made)


def _export(
    home: Home, specs: Sequence[ModelSpec], wanted: Sequence[Target], jobs: int, force: bool
) -> None:
    """Make the files that are missing or stale; each is in its manifest as soon as it is there."""
    from zoo.artifact.manifest import read_manifest, write_manifest
    from zoo.base.errors import ExportFailed
    from zoo.base.progress import say, track
    from zoo.export.run import export

    manifests = {spec: read_manifest(home, spec) for spec in specs}
    stale = []
    for spec in specs:
        manifests[spec], missing = _stale(home, spec, wanted, manifests[spec], force)
        stale += [(spec, target) for target in missing]
    done = export(home, stale, jobs)
    for spec, target, outcome in track(done, "exporting", "files", len(stale)):
        if isinstance(outcome, ExportFailed):
            manifests[spec] = manifests[spec].with_failure(target.key, outcome.seen)
            say(str(outcome))
        else:
            manifests[spec] = manifests[spec].with_artifact(outcome)
        write_manifest(home, spec, manifests[spec])


def _stale(
    home: Home, spec: ModelSpec, wanted: Sequence[Target], manifest: Manifest, force: bool
) -> tuple[Manifest, list[Target]]:
    """The files to be made; those that cannot be calibrated become failures of the manifest."""
    from train.proof.calibrate import NOTHING, calibrate
    from train.proof.photographs import Photographs
    from zoo.base.progress import say
    from zoo.export.run import is_current

    calibration = None
    if any(target.calibrated for target in wanted):
        calibration = calibrate(home, spec, Photographs.of(home, spec).dataset)
        if calibration is None:
            say(f"{spec.name}: no int8 files: {NOTHING}")
    stale = []
    for target in wanted:
        if target.calibrated and calibration is None:
            manifest = manifest.with_failure(target.key, NOTHING)
        elif force or not is_current(home, spec, manifest, target, calibration):
            stale.append(target)
    return manifest, stale


def _records(manifests: Sequence[Manifest], wanted: Collection[str]) -> list[dict[str, Any]]:
    from reports.text.files import file_record

    return [
        file_record(artifact, artifact.validated, artifact.accuracy_reason)
        for manifest in manifests
        for key, artifact in sorted(manifest.artifacts.items())
        if key in wanted
    ]


def _told(records: Sequence[dict[str, Any]], format: Format | None) -> str:
    """A line a file where they are few, or a format was asked for; else in short."""
    from reports.text.files import file_list, files_text
    from reports.text.fitting import fitted, next_steps

    if format in ("markdown", "csv"):
        return file_list(records, format)
    told = (
        file_list(records) if format or len(records) <= FEW_FILES else fitted(files_text(records))
    )
    models = list(dict.fromkeys(record["model"] for record in records))
    return (
        "\n".join([told, next_steps([f"bench run --device host --model {models[0]}"])])
        if models
        else told
    )
