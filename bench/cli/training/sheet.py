"""`bench data sheet`: photographs with their hair tinted, or with what a model gets wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import PICTURES, PictureFile, format_option, json_option

if TYPE_CHECKING:
    from PIL import Image

    from reports.text.listing import Format
    from train.data.dataset import Dataset, SplitName
    from train.proof.worst import Mistake, Worst
    from zoo.home import Home
    from zoo.preprocess import UInt8
    from zoo.spec import ModelSpec

LEGEND = "pink: hair, found; yellow: hair, missed; blue: found, but labelled otherwise"


@click.command()
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 600), default=24, show_default=True)
@click.option(
    "--worst",
    "model",
    metavar="MODEL",
    help="Instead, the photographs that this model's weights get most wrong, the worst first.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="validation",
    show_default=True,
    help="With --worst: of which photographs.",
)
@click.option(
    "--output",
    type=PictureFile(*PICTURES),
    help="[default: sheet.NAME.jpg in the working folder, with --worst sheet.NAME.MODEL.jpg]",
)
@format_option("with --worst the table, else a sentence")
@json_option
def sheet(
    name: str,
    count: int,
    model: str | None,
    split: SplitName,
    output: Path | None,
    format: Format | None,
    as_json: bool,
) -> None:
    """Draw a contact sheet of a prepared data set: photographs, and their hair tinted.

    \b
    Example:
      bench data sheet synthetic
      bench data sheet lfw --worst mnv2_slim_unet_0.5_224
    """
    from train.data.dataset import Dataset
    from zoo.home import Home

    home = Home.default()
    dataset = Dataset.open(home, name)
    if model is not None:
        _worst(home, model, dataset, split, count, output, format or "table", as_json)
        return
    if format is not None:
        raise click.UsageError("--format is of the list that --worst prints")
    items = dataset.record.items
    chosen = items[:: max(len(items) // count, 1)][:count]
    path = output or Path(f"sheet.{name}.jpg")
    tiles = (tinted(dataset.photograph(i), dataset.mask(i)) for i in chosen)
    draw_sheet(tiles, len(chosen), path)
    if as_json:
        click.echo(json.dumps({"file": str(path), "images": [item.id for item in chosen]}))
    else:
        click.echo(f"{path}: {len(chosen)} of {len(items)} photographs")


def _worst(
    home: Home,
    model: str,
    dataset: Dataset,
    split: SplitName,
    count: int,
    output: Path | None,
    format: Format,
    as_json: bool,
) -> None:
    from reports.text.fitting import fitted
    from reports.text.listing import Column, column, listing
    from train.proof.worst import find_worst
    from zoo.registry import get

    spec = get(model)
    found = find_worst(home, spec, dataset, split, count)
    path = output or Path(f"sheet.{dataset.record.name}.{spec.name}.jpg")
    tiles = (_mistaken(dataset, one, found.target) for one in found.mistakes)
    draw_sheet(tiles, len(found.mistakes), path)
    rows = _rows(found, dataset)
    if as_json:
        value = {"file": str(path), "of": found.images, "share_of_wrong": found.share}
        click.echo(json.dumps(value | {"images": rows}, indent=1))
        return
    columns = [
        column("image", "image"),
        column("data set", "source"),
        Column(title="IoU", text=lambda row: f"{row['iou']:.3f}", right=True),
        Column(title="wrong pixels", text=lambda row: f"{row['wrong']:.1%}", right=True),
    ]
    table = listing(columns, rows, format)
    click.echo(fitted(table) if format == "table" else table)
    click.echo(_told(spec, found, split, path), err=format != "table")


def _rows(found: Worst, dataset: Dataset) -> list[dict[str, Any]]:
    return [
        {
            "image": one.item.id,
            "source": one.item.source or dataset.record.name,
            "iou": round(one.iou, 4),
            "wrong": round(one.wrong, 4),
        }
        for one in found.mistakes
    ]


def _told(spec: ModelSpec, found: Worst, split: str, path: Path) -> str:
    return "\n".join(
        [
            f"{path}: the {len(found.mistakes)} of {found.images} {split} photographs that "
            f"{spec.name} gets most wrong",
            f"they hold {found.share:.0%} of all that is wrong, each photograph counted alike",
            LEGEND,
        ]
    )


def tinted(photograph: Image.Image, labels: UInt8) -> tuple[Image.Image, Image.Image]:
    """Two tiles: a photograph, and the same with its labelled hair tinted."""
    from reports.pictures.overlay import overlay
    from reports.pictures.sheet import as_tile, on_tile
    from train.data.dataset import CLASSES

    tile = as_tile(photograph)
    return tile, overlay(tile, on_tile(labels == CLASSES["hair"], tile))


def _mistaken(dataset: Dataset, one: Mistake, target: str) -> tuple[Image.Image, Image.Image]:
    """Two tiles: a photograph, and the same with what is found and what is missed."""
    from reports.pictures.overlay import errors
    from reports.pictures.sheet import as_tile, on_tile
    from train.evaluate import masks

    tile = as_tile(dataset.photograph(one.item))
    found, labelled = masks(dataset, one.item, one.probability, target)
    return tile, errors(tile, on_tile(found, tile), on_tile(labelled, tile))


def draw_sheet(pairs: Iterable[tuple[Image.Image, Image.Image]], count: int, path: Path) -> None:
    """Write the contact sheet of so many pairs of tiles."""
    from bench.cli.models.photographs import format_of
    from reports.pictures.sheet import contact_sheet
    from zoo.base.files import replacing

    with replacing(path) as temporary:
        contact_sheet(pairs, count).save(temporary, format=format_of(path), quality=88)
