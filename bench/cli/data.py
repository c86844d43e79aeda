"""`bench data`: prepare labelled photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from train.dataset import Dataset

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
seed_option = click.option(
    "--seed", default=0, show_default=True, help="Of the split by hash, where no list is given."
)


@click.group()
def command() -> None:
    """Prepare labelled photographs for training and evaluation.

    \b
    Example:
      bench data lfw --archives ~/Downloads/lfw
    """


@command.command()
@click.option(
    "--archives",
    type=FOLDER,
    required=True,
    help="Folder with lfw-funneled.tgz and parts_lfw_funneled_gt_images.tgz, and, if at hand, "
    "parts_train.txt, parts_validation.txt, parts_test.txt.",
)
@seed_option
def lfw(archives: Path, seed: int) -> None:
    """LFW part labels, from the official archives.

    \b
    Example:
      bench data lfw --archives ~/Downloads/lfw
    """
    from train.lfw import prepare_lfw
    from zoo.files import Home

    _say(prepare_lfw(Home.default(), archives, seed))


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="What to call the data set in other commands.")
@click.option(
    "--validation-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Of the images, by a hash of the name.",
)
@seed_option
def folder(folder: Path, name: str, validation_share: float, seed: int) -> None:
    """A folder of images/*.jpg and masks/*.ppm with equal names.

    Masks are red (hair), green (face) and blue (background), as in LFW part labels and in the
    parent project.

    \b
    Example:
      bench data folder ~/portraits --name portraits
    """
    from train.lfw import prepare_folder
    from zoo.files import Home

    _say(prepare_folder(Home.default(), folder, name, seed, validation_share))


def _say(dataset: Dataset) -> None:
    counts = [f"{len(dataset.items(split))} {split}" for split in ("train", "validation", "test")]
    click.echo(f"{dataset.folder}: {', '.join(counts)} ({dataset.record.rule})")
    click.echo(f"next: bench train --model 'mnv2_unet_0.35_*' --data {dataset.record.name}")
