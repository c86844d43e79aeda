"""`bench eval`: the accuracy of exported files, by running them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import (
    Percent,
    files_and_list,
    files_and_list_option,
    force_option,
    json_option,
    model_option,
    precisions_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from train.data.dataset import Dataset
    from zoo.artifact.manifest import Artifact
    from zoo.home import Home
    from zoo.spec import ModelSpec

EVALUATING = ("evaluating", "files")


@click.command("eval")
@model_option()
@files_and_list_option
@precisions_option
@click.option("--data", default="lfw", show_default=True, metavar="NAME")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="validation",
    show_default=True,
)
@click.option(
    "--bound",
    type=Percent(),
    help="How much pooled IoU a file may lose against torch before it is rejected.  "
    "[default: 0.1% for fp32, 0.2% for fp16 and fp16a, 1% for the others]",
)
@click.option(
    "--resize",
    "resizes",
    multiple=True,
    type=click.Choice(["pil", "linear", "area", "halving"]),
    help="Instead, what this way of shrinking photographs loses against pil, the zoo's filtered "
    "one. Repeatable.",
)
@click.option(
    "--side",
    type=click.IntRange(32, 8192),
    default=1080,
    show_default=True,
    help="With --resize: the longer side of the enlarged photographs in pixels.",
)
@click.option(
    "--grain",
    type=click.FloatRange(0, 64),
    default=4.0,
    show_default=True,
    help="With --resize: the deviation of their noise, in levels of 0 to 255.",
)
@json_option
@force_option
@click.pass_context
def command(
    context: click.Context,
    models: tuple[str, ...],
    formats: tuple[str, ...],
    precisions: tuple[str, ...],
    data: str,
    split: str,
    bound: float | None,
    resizes: tuple[str, ...],
    side: int,
    grain: float,
    as_json: bool,
    force: bool,
) -> None:
    """Run exported files on labelled photographs; store what each image counted.

    The manifest then carries each file's IoU, its paired difference from torch in fp32, and how
    many images fell by more than 5 points. A file outside its bound is kept but rejected: `bench
    run` refuses it. The exit status is 1 where one is. On a joined data set the IoU is told by
    source, too.

    \b
    Example:
      bench eval --model 'mnv2_unet_0.5_*' --format tflite --precision int8 --data lfw
      bench eval --model mnv2_unet_0.5_224 --format tflite --precision fp32 \\
        --resize linear --resize area --resize halving --side 1080 --grain 4
    """
    from reports.text.files import file_list
    from reports.text.fitting import fitted
    from train.data.dataset import Dataset
    from zoo.base.errors import MissingStep
    from zoo.base.progress import track
    from zoo.export.targets import targets
    from zoo.home import Home
    from zoo.registry import select

    files, format = files_and_list(formats)
    if resizes and format:
        raise click.UsageError("with --resize a list has no --format; --json holds all of it")
    # Names that mean nothing are told before anything runs.
    targets(files, precisions)
    home, dataset = Home.default(), Dataset.open(Home.default(), data)
    specs = select(models)
    count = sum(len(_chosen(home, spec, files, precisions)) for spec in specs)
    if not count:
        raise MissingStep(
            f"no such file of {', '.join(models)} was exported",
            remedy=f"bench export --model {shlex.quote(models[0])}",
        )
    rows, lines = [], []
    for spec, artifact in track(_locked(home, specs, files, precisions), *EVALUATING, count):
        if resizes:
            row, told = _resize(home, spec, artifact, dataset, split, resizes, side, grain)
            lines += told
        else:
            row = _evaluate(home, spec, artifact, dataset, split, bound, force)
        rows.append(row)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    elif resizes:
        click.echo(fitted("\n".join(lines)))
    else:
        click.echo(file_list(rows, format or "table"))
        for line in _by_source(rows) if format in (None, "table") else ():
            click.echo(fitted(line))
    context.exit(1 if any(row.get("rejected") for row in rows) else 0)


def _locked(
    home: Home, specs: Sequence[ModelSpec], files: Sequence[str], precisions: Sequence[str]
) -> Iterator[tuple[ModelSpec, Artifact]]:
    """A model's folder is held while its files are at work."""
    from zoo.base.lock import locked

    for spec in specs:
        with locked(home.artifact_folder(spec)):
            for artifact in _chosen(home, spec, files, precisions):
                yield spec, artifact


def _chosen(
    home: Home, spec: ModelSpec, formats: Sequence[str], precisions: Sequence[str]
) -> list[Artifact]:
    from zoo.artifact.manifest import read_manifest

    return [
        artifact
        for artifact in read_manifest(home, spec).artifacts.values()
        if not formats or artifact.format in formats
        if not precisions or artifact.precision in precisions
    ]


def _resize(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    dataset: Dataset,
    split: Any,
    resizes: tuple[str, ...],
    side: int,
    grain: float,
) -> tuple[dict[str, Any], list[str]]:
    from train.proof.resizes import measure_resizes
    from zoo.artifact.resize_record import resize_lines

    found = measure_resizes(home, spec, artifact, dataset, split, resizes, side, grain)
    if isinstance(found, str):
        name = f"{spec.name}.{artifact.key}"
        row = {"model": spec.name, "key": artifact.key, "by_resize": None, "reason": found}
        return row, [f"{name}: not measured: {found}"]
    return found.model_dump(mode="json"), resize_lines(found)


def _evaluate(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    dataset: Dataset,
    split: Any,
    bound: float | None,
    force: bool,
) -> dict[str, Any]:
    from dataclasses import asdict

    from reports.text.files import file_record
    from train.data.join import by_source
    from train.proof.prove import evaluate_file
    from zoo.artifact.iou import read_counts
    from zoo.artifact.manifest import read_manifest, write_manifest

    found, reason = evaluate_file(home, spec, artifact, dataset, split, bound, force)
    write_manifest(home, spec, read_manifest(home, spec).with_artifact(found))
    accuracy = found.accuracy_on(dataset.record.name, split)
    row = file_record(found, accuracy, reason)
    if accuracy is not None:
        counts = read_counts(home.artifact_folder(spec) / accuracy.counts_file)
        row["by_source"] = [asdict(one) for one in by_source(dataset, counts)]
    return row


def _by_source(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line a file of a data set that was joined of several."""
    from train.data.join import source_text

    return [
        f"{row['model']} {row['format']} {row['precision']}: IoU on {source_text(found)}"
        for row in rows
        if (found := row.get("by_source"))
    ]
