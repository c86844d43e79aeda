"""`bench data figaro1k`, `celebamask`, `coco` and `join`: data sets in layouts that people have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.training.checking import doubted
from bench.cli.training.labelling import (
    FOLDER,
    prepared,
    resize_option,
    seed_option,
    share_option,
    turned_option,
)

if TYPE_CHECKING:
    from train.data.labels import Turn

# By which the weights in the package were trained: 120 of 840.
FIGARO_SHARE = 0.146


@click.command()
@click.option("--archives", type=FOLDER, required=True, help="Holds Original/ and GT/.")
@seed_option
@share_option(FIGARO_SHARE)
@resize_option
@turned_option
def figaro1k(
    archives: Path,
    seed: int,
    validation_share: float,
    resize: bool,
    turned: Turn | None,
) -> None:
    """Figaro-1k, from its unpacked archive: hair of seven kinds.

    Photographs are Original/Training/Frame00001-org.jpg, masks GT/Training/Frame00001-gt.pbm. The
    Testing part, where it is there, becomes test. Unless you say otherwise, the photographs for
    validation are those by which the weights in the package were chosen.

    \b
    Example:
      bench data figaro1k --archives ~/Downloads/Figaro1k
    """
    from train.layouts.figaro import prepare_figaro1k
    from zoo.home import Home

    home = Home.default()
    prepared(prepare_figaro1k(home, archives, seed, validation_share, resize=resize, turned=turned))


@click.command()
@click.option(
    "--archives",
    type=FOLDER,
    required=True,
    help="Holds CelebA-HQ-img/ and CelebAMask-HQ-mask-anno/.",
)
@seed_option
@share_option()
@turned_option
def celebamask(archives: Path, seed: int, validation_share: float, turned: Turn | None) -> None:
    """CelebAMask-HQ, from its unpacked archive: a mask for each part of a face.

    Hair is hair, skin and what lies on it are face, and the rest is background, as is what covers
    hair. Masks are brought to the size of their photographs by the nearest pixel. The split is
    CelebA's own if CelebA-HQ-to-CelebA-mapping.txt and list_eval_partition.txt lie there too. If
    not, it follows a hash of the number.

    \b
    Example:
      bench data celebamask --archives ~/Downloads/CelebAMask-HQ
    """
    from train.layouts.celebamask import prepare_celebamask
    from zoo.home import Home

    home = Home.default()
    prepared(prepare_celebamask(home, archives, seed, validation_share, turned=turned))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--images", type=FOLDER, required=True, help="Where the photographs lie.")
@click.option(
    "--category", required=True, multiple=True, metavar="NAME", help="Which is hair. Repeatable."
)
@click.option("--face", multiple=True, metavar="NAME", help="Which is face. Repeatable.")
@click.option("--name", default="coco", show_default=True, help="What to call the data set.")
@seed_option
@share_option()
@resize_option
@turned_option
def coco(
    file: Path,
    images: Path,
    category: tuple[str, ...],
    face: tuple[str, ...],
    name: str,
    seed: int,
    validation_share: float,
    resize: bool,
    turned: Turn | None,
) -> None:
    """COCO annotations: polygons and run lengths in one JSON file. Needs the extra `coco`.

    Where hair and face overlap it is hair. All else of an annotated photograph is background;
    photographs without any annotation are left out.

    \b
    Example:
      bench data coco instances.json --images photographs --category hair --name salon
    """
    from train.layouts.coco import prepare_coco
    from zoo.home import Home

    dataset = prepare_coco(
        Home.default(),
        file,
        images,
        name,
        category,
        face,
        seed,
        validation_share,
        resize=resize,
        turned=turned,
    )
    prepared(dataset)
    doubted(dataset)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME NAME...")
@click.option("--name", required=True, help="What to call the joined data set.")
def join(names: tuple[str, ...], name: str) -> None:
    """Make one data set of several; each item keeps its split, and where it came from.

    `bench train` and `bench eval` then tell the IoU by source.

    \b
    Example:
      bench data join lfw figaro1k --name both
      bench data leaks both
    """
    from train.data.join import join as joined
    from zoo.home import Home

    prepared(joined(Home.default(), names, name))
