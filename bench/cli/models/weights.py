"""`bench weights`: those that come with the package, and encoders to begin from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import force_option, format_option, json_option, model_option

if TYPE_CHECKING:
    from reports.text.listing import Format

FEW = 4


@click.group()
def command() -> None:
    """The trained weights in the package: list, take, pack anew; and encoders to begin from.

    \b
    Example:
      bench weights list
      bench weights take --model 'mnv2_slim_unet_0.5_*'
    """


@command.command("list")
@model_option("*")
@format_option()
@json_option
def list_(models: tuple[str, ...], format: Format, as_json: bool) -> None:
    """List the weights in the package: IoU, data, first weights.

    \b
    Example:
      bench weights list --json
    """
    from bench.cli.models.shown_iou import iou_columns, shipped_accuracy
    from reports.text.fitting import fitted
    from reports.text.listing import column, listing
    from zoo.box import FOLDER
    from zoo.registry import select

    rows = {
        spec.name: {"model": spec.name, **found}
        for spec in select(models)
        if (found := shipped_accuracy(spec))
    }
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    columns = [
        column("model", "model"),
        *iou_columns(list(rows.values()), lambda row: row),
        column("data", "dataset"),
        column("first weights", "init"),
    ]
    click.echo(listing(columns, list(rows.values()), format))
    if format == "table":
        click.echo(fitted(f"IoU on validation images, of ONNX files; cards: {FOLDER}"))


@command.command()
@model_option()
@force_option
def take(models: tuple[str, ...], force: bool) -> None:
    """Make checkpoints of the weights in the package, as a training would leave them.

    A checkpoint of your own is left alone, unless --force is given.

    \b
    Example:
      bench weights take --model mnv2_slim_unet_0.5_224
    """
    from reports.text.fitting import fitted
    from zoo.artifact.iou import read_counts
    from zoo.artifact.sources import headline_iou, parted
    from zoo.base.lock import locked
    from zoo.box import take as take_one
    from zoo.checkpoint import COUNTS_NAME, checkpoint_path, read_record
    from zoo.home import Home
    from zoo.registry import select

    home = Home.default()
    taken: list[str] = []
    there: list[str] = []
    for spec in select(models):
        with locked(home.checkpoint_folder(spec)):
            new = take_one(home, spec, force)
        path = checkpoint_path(home, spec)
        record, counts = read_record(path), path.with_name(COUNTS_NAME)
        data, iou = record.split.dataset, record.validation_iou
        if counts.is_file():
            data, iou = headline_iou(parted(read_counts(counts), data))
        (taken if new else there).append(f"{spec.name} (IoU {iou:.3f} on {data})")
    for names, what in ((taken, "taken"), (there, "there already")):
        if names:
            few = ", ".join(names) if len(names) <= FEW else f"{names[0]} to {names[-1]}"
            click.echo(fitted(f"{len(names)} {what}: {few}"))
    click.echo("IoU is of the reference export of these weights")
    click.echo("next: bench export --model NAME")


@command.command()
@click.option(
    "--width",
    "widths",
    multiple=True,
    metavar="W",
    help="Repeatable.  [default: those of the zoo, 0.35 0.5 0.75 1.0]",
)
@click.option("--mirror", metavar="ADDRESS", help="Fetch from here instead: an http(s) address.")
def encoders(widths: tuple[str, ...], mirror: str | None) -> None:
    """Fetch Keras' ImageNet encoders into weights/, where `bench train` looks for them.

    \b
    Example:
      bench weights encoders --width 0.5 --width 0.75
    """
    from train.init.encoder_download import fetch_encoders
    from zoo.home import Home
    from zoo.registry import ARCHITECTURES
    from zoo.spec import ZOO

    wanted = widths or ARCHITECTURES[ZOO].widths
    fetch_encoders(wanted, Home.default().own_encoders, mirror, click.echo)


@command.command()
@model_option()
@click.option("--data", required=True, metavar="NAME", help="The data set they were trained on.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write to; zoo/weights in a checkout is what comes with the package.",
)
def pack(models: tuple[str, ...], data: str, output: Path) -> None:
    """Pack checkpoints that were trained together: fp16 weights, counts, ranges and a card a width.

    \b
    Example:
      bench weights pack --model 'mnv2_slim_unet_0.5_*' --data lfw --output zoo/weights
    """
    from train.data.dataset import Dataset
    from train.proof.pack import pack as pack_width
    from train.settings import trained_together
    from zoo.base.files import size_bytes
    from zoo.home import Home
    from zoo.registry import select

    home = Home.default()
    dataset = Dataset.open(home, data)
    for group in trained_together(select(models)):
        path = pack_width(home, group, dataset, output)
        click.echo(f"{path}: {size_bytes(path) / 1e6:.2f} MB")
