"""`bench data leaks` and `bench data people`: is validation really unseen, and by how much."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import format_option, json_option

if TYPE_CHECKING:
    from reports.text.listing import Column, Format
    from train.data.leaks import Leaks, Pair
    from train.data.people import People


@click.command()
@click.argument("name")
@format_option("in sentences")
@json_option
def leaks(name: str, format: Format | None, as_json: bool) -> None:
    """Look for validation and test photographs that are trained on too, as copies.

    Recompressed, resized, brighter, mirrored, slightly cropped: compared by a difference hash and
    a second, stricter look. The exit status is 1 where there are any. Says too how many
    validation images show people who are in train; that is no leak (see bench data people).

    \b
    Example:
      bench data leaks lfw
      bench data leaks lfw --json
    """
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from train.data.dataset import Dataset
    from train.data.leaks import find_leaks
    from train.data.people import by_people
    from zoo.home import Home

    dataset = Dataset.open(Home.default(), name)
    found, people = find_leaks(dataset), by_people(dataset)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"people": asdict(people)}, indent=1))
    elif format:
        click.echo(listing(_pair_columns(), [asdict(pair) for pair in found.found], format))
    else:
        click.echo(fitted("\n".join([*_leaks_text(found), _shared_text(people)])))
    if found.found:
        raise SystemExit(1)


@click.command()
@click.argument("name")
@click.option(
    "--counts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Per-image counts on validation, for the IoU: checkpoints/VARIANT/validation_counts.csv, "
    "or an exported file's.",
)
@format_option()
@json_option
def people(name: str, counts: Path | None, format: Format, as_json: bool) -> None:
    """Split validation images by whether their people are in train too; show each part's IoU.

    A model may know the people it was trained on. The two groups are different images, so the
    interval of their difference resamples each on its own.

    \b
    Example:
      bench data people lfw
      bench data people lfw --counts checkpoints/mnv2_slim_unet_0.35_128/validation_counts.csv
    """
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from train.data.dataset import Dataset
    from train.data.people import by_people
    from zoo.artifact.iou import read_counts
    from zoo.home import Home

    dataset = Dataset.open(Home.default(), name)
    found = by_people(dataset, None if counts is None else read_counts(counts))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
        return
    click.echo(listing(_group_columns(), [asdict(group) for group in found.groups], format))
    if format == "table" and (told := _below(found)):
        click.echo(fitted("\n".join(told)))


def _leaks_text(found: Leaks) -> list[str]:
    from train.data.leaks import CORRELATION

    test = f" and {found.test_images} test" if found.test_images else ""
    lines = [
        f"{found.dataset}: {found.validation_images} validation{test} images compared with "
        f"{found.train_images} training images"
    ]
    lines += [f"leak: {_pair_text(pair)}" for pair in found.found]
    if found.found:
        lines.append(
            f"leaks: {len(found.found)}; take one of each pair out, or put both into train"
        )
    elif closest := found.closest:
        lines.append("no near-duplicates")
        lines.append(f"closest: {_pair_text(closest)} (a copy has {CORRELATION} or more)")
    return lines


def _pair_text(pair: Pair) -> str:
    from zoo.base.pictures import shown

    how = "the same pixels" if pair.identical else f"correlation {pair.correlation:.2f}"
    mirrored = ", mirrored" if pair.mirrored else ""
    return (
        f"{shown(pair.image)} ({pair.split}) and {shown(pair.train_image)} (train): "
        f"distance {pair.distance} of 128, {how}{mirrored}"
    )


def _shared_text(found: People) -> str:
    if len(found.groups) == 1:
        return f"people: {found.reason}"
    whole, _, shared = found.groups
    return (
        f"people: {shared.images} of {whole.images} validation images show {shared.people} people "
        "who are in train too"
    )


def _pair_columns() -> list[Column]:
    from reports.text.listing import Column, column

    return [
        column("image", "image"),
        column("split", "split"),
        column("image in train", "train_image"),
        column("distance of 128", "distance", right=True),
        Column(title="correlation", text=lambda row: f"{row['correlation']:.2f}", right=True),
        Column(title="", text=_how),
    ]


def _how(row: dict[str, Any]) -> str:
    same = ["the same pixels"] if row["identical"] else []
    return ", ".join(same + (["mirrored"] if row["mirrored"] else []))


def _group_columns() -> list[Column]:
    from reports.text.listing import Column, column

    return [
        column("validation images", "name"),
        column("images", "images", right=True),
        Column(title="people", text=_people_text, right=True),
        Column(title="IoU [95 %]", text=_iou_text),
    ]


def _people_text(row: dict[str, Any]) -> str:
    return "unknown" if row["people"] is None else str(row["people"])


def _iou_text(row: dict[str, Any]) -> str:
    from zoo.artifact.iou import Interval

    iou = row["iou"]
    return Interval(**iou).text if iou else "not measured"


def _below(found: People) -> list[str]:
    """How the groups differ, and why there may be no answer."""
    lines = []
    if gap := found.difference:
        told = "" if gap.apart else ": not distinguishable"
        lines.append(f"not in train minus in train: {gap.text}{told}")
    return [*lines, found.reason] if found.reason else lines
