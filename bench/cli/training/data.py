"""`bench data`: prepare labelled photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.training.checking import check, doubted
from bench.cli.training.labelling import (
    FOLDER,
    labelling_options,
    layout_options,
    prepared,
    resize_option,
    seed_option,
    share_option,
    turned_option,
)
from bench.cli.training.layouts import celebamask, coco, figaro1k, join
from bench.cli.training.leaks import leaks, people
from bench.cli.training.sheet import sheet

if TYPE_CHECKING:
    from train.data.labels import Labelling, Turn
    from train.data.names import Layout

COUNT = click.IntRange(1, 1_000_000)


@click.group()
def command() -> None:
    """Prepare labelled photographs for training and evaluation.

    \b
    Example:
      bench data synthetic
      bench data lfw --archives ~/Downloads/lfw
    """


for one in (check, sheet, figaro1k, celebamask, coco, join, leaks, people):
    command.add_command(one)


@command.command()
@click.option(
    "--archives",
    type=FOLDER,
    help="Download nothing: folder with lfw-funneled.tgz and parts_lfw_funneled_gt_images.tgz, "
    "and, if at hand, parts_train.txt, parts_validation.txt, parts_test.txt.",
)
@click.option(
    "--mirror",
    metavar="ADDRESS",
    help="Download from here instead: an http(s) address with all five files side by side.",
)
@click.option(
    "--repacked",
    is_flag=True,
    help="Take a lfw-funneled.tgz that is not, byte for byte, the published one.",
)
@seed_option
@resize_option
@turned_option
def lfw(
    archives: Path | None,
    mirror: str | None,
    repacked: bool,
    seed: int,
    resize: bool,
    turned: Turn | None,
) -> None:
    """LFW part labels, from the official archives.

    Without --archives, those of the five files that do not yet lie in data/lfw-archives are
    downloaded into it. A download that was broken off goes on when the command is typed again.

    \b
    Example:
      bench data lfw
      bench data lfw --mirror https://example.org/lfw
      bench data lfw --archives ~/Downloads/lfw
    """
    from train.data.lfw import prepare_lfw
    from train.data.lfw_download import download_lfw
    from zoo.home import Home

    home = Home.default()
    if archives and (mirror or repacked):
        raise click.UsageError("--archives downloads nothing: leave --mirror and --repacked out")
    folder = archives or download_lfw(home, mirror, repacked, click.echo)
    prepared(prepare_lfw(home, folder, seed, resize=resize, turned=turned))


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="What to call the data set in other commands.")
@share_option()
@seed_option
@layout_options
@labelling_options
def folder(
    folder: Path,
    name: str,
    validation_share: float,
    seed: int,
    labelling: Labelling,
    layout: Layout,
) -> None:
    """A folder of images/ and masks/ with equal names.

    Masks are red (hair), green (face) and blue (background), as in LFW part labels and in the
    parent project. With --hair they are whatever you say. A pixel of a value that was not named is
    an error.

    \b
    Example:
      bench data folder ~/portraits --name portraits
      bench data folder ~/portraits --name portraits --hair white
      bench data folder ~/frames --name frames --image-suffix -org --mask-suffix -gt --hair white
      bench data folder ~/portraits --name portraits --hair 17 --background 0-16 --ignore 255
    """
    from train.data.folder import prepare_folder
    from zoo.home import Home

    home = Home.default()
    dataset = prepare_folder(home, folder, name, seed, validation_share, labelling, layout)
    prepared(dataset)
    doubted(dataset)


@command.command()
@click.option("--train", "train_images", type=COUNT, default=500, show_default=True)
@click.option("--validation", type=COUNT, default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of it all.")
def synthetic(train_images: int, validation: int, seed: int) -> None:
    """Draw portraits of people who never were: no download, no photographs.

    The same seed gives the same portraits; what is drawn already is left alone.

    \b
    Example:
      bench data synthetic
      bench data synthetic --train 5000 --seed 1
    """
    from train.synthetic.prepare import prepare_synthetic
    from zoo.home import Home

    prepared(prepare_synthetic(Home.default(), train_images, validation, seed))
