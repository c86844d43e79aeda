"""`bench eval`: the accuracy of exported files, by running them."""

from __future__ import annotations

import json
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
from bench.cli.spread import ray_option
from bench.cli.training.costs import DISTORTIONS, Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.text.listing import Format

EVALUATING = ("evaluating", "files")


@click.command("eval")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...")
@model_option(required=False)
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
@click.option(
    "--distort",
    "distortions",
    multiple=True,
    type=click.Choice(["all", *DISTORTIONS]),
    metavar="NAME",
    help=f"Instead, what a phone's photographs lose: {', '.join(DISTORTIONS)}; or all. Repeatable.",
)
@ray_option("Run the zoo's files", "cores")
@json_option
@force_option
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    models: tuple[str, ...],
    formats: tuple[str, ...],
    precisions: tuple[str, ...],
    data: str,
    split: str,
    bound: float | None,
    resizes: tuple[str, ...],
    side: int,
    grain: float,
    distortions: tuple[str, ...],
    ray: str | None,
    as_json: bool,
    force: bool,
) -> None:
    """Run exported or imported files on labelled photographs; store what each image counted.

    The manifest then carries each file's IoU, its paired difference from torch in fp32, and how
    many images fell by more than 5 points. A file outside its bound on the validation images of its
    own data set is kept but rejected: `bench run` refuses it. The exit status is 1 where one is
    outside its bound, on any data. Of an imported model, NAME, the IoU alone is stored: there is no
    network to compare it with. On a joined data set the IoU is told by source, too. A FILE, .onnx,
    .tflite or .mlpackage, is read by guesses, which are printed; nothing is stored.

    \b
    Example:
      bench eval --model 'mnv2_slim_unet_0.5_*' --format tflite --precision int8 --data lfw
      bench eval mediapipe_hair --data lfw --split validation
      bench eval theirs.mlpackage --data lfw
      bench eval --model mnv2_slim_unet_0.5_224 --format tflite --precision fp32 \\
        --resize linear --resize area --resize halving --side 1080 --grain 4
      bench eval --model mnv2_slim_unet_0.5_224 --format onnx --precision fp32 --distort all
    """
    from bench.cli.training.costs import measured, told
    from bench.cli.training.evaluating import (
        chosen,
        chosen_in_turn,
        evaluate_on_ray,
        evaluated,
        no_file,
    )
    from bench.cli.training.judging import judged, parted
    from train.data.dataset import Dataset
    from zoo.base.progress import track
    from zoo.catalogue import select
    from zoo.export.targets import targets
    from zoo.home import Home

    wanted = (*names, *models)
    if not wanted:
        raise click.UsageError("name a model or a FILE, or several with --model")
    files, format = files_and_list(formats)
    asked = Asked(resizes=resizes, side=side, grain=grain, distortions=distortions)
    instead = _instead(asked)
    own, known = parted(names)
    if own and (instead or files or precisions or bound is not None):
        given = instead or ("--bound" if bound is not None else "--precision and --format of files")
        raise click.UsageError(f"{given}: of no FILE")
    # Names that mean nothing are told before anything runs.
    targets(files, precisions)
    home, dataset = Home.default(), Dataset.open(Home.default(), data)
    found = select(home, (*known, *models))
    count = sum(len(chosen(home, model, files, precisions)) for model in found)
    if not count and not own:
        raise no_file(wanted, found)
    lost = []
    if ray is not None:
        lost = evaluate_on_ray(context, home, found, dataset, bool(instead or own))
        found, force = [model for model in found if model.name not in lost], False
        count = sum(len(chosen(home, model, files, precisions)) for model in found)
    turns = track(chosen_in_turn(home, found, files, precisions), *EVALUATING, count)
    if instead:
        costs = [measured(home, file, dataset, split, asked) for file in turns]
        by = "by_resize" if resizes else "by_distortion"
        click.echo(told(costs, by, None if as_json else format or "table"))
        return
    rows = [evaluated(home, file, dataset, split, bound, force) for file in turns]
    lines: list[str] = []
    for path in own:
        row, text = judged(path, dataset, split)
        rows, lines = [*rows, row], [*lines, text]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        _list(rows, lines, format)
    context.exit(1 if lost or any(row.get("rejected") or row.get("beyond") for row in rows) else 0)


def _instead(asked: Asked) -> str:
    """The option that asks for more than the IoU, if one does."""
    if asked.resizes and asked.distortions:
        raise click.UsageError("--resize or --distort, one at a time")
    return "--resize" if asked.resizes else "--distort" if asked.distortions else ""


def _list(rows: Sequence[dict[str, Any]], lines: Sequence[str], format: Format | None) -> None:
    from reports.text.files import file_list

    click.echo(file_list(rows, format or "table"))
    if format in (None, "table"):
        for line in lines:
            click.echo(line)
