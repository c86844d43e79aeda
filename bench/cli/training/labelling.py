"""The options that say where masks lie and what they mean, and what is told of a data set."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from train.data.dataset import Dataset

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
seed_option = click.option(
    "--seed", default=0, show_default=True, help="Of the split by hash, where no list is given."
)


def share_option(share: float = 0.2) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """share: where none is typed."""
    return click.option(
        "--validation-share",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=share,
        show_default=True,
        help="Of the images, by a hash of the name.",
    )


VALUE = (
    "a colour ('#ff0000', 255,0,0, white), a number that is a grey level or the index of a "
    "palette, several (3-16), or transparent"
)


def prepared(dataset: Dataset) -> None:
    """Say what was prepared, and what to do with it."""
    counts = [f"{len(dataset.items(split))} {split}" for split in ("train", "validation", "test")]
    click.echo(f"{dataset.folder}: {', '.join(counts)} ({dataset.record.rule})")
    click.echo(f"next: bench train --model 'mnv2_slim_unet_0.35_*' --data {dataset.record.name}")


def layout_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, and gives the command a `layout` in their place."""

    @wraps(command)
    def with_layout(
        *, images: str, masks: str, image_suffix: str, mask_suffix: str, **others: Any
    ) -> Any:
        from train.data.names import Layout

        layout = Layout(
            images=images, masks=masks, image_suffix=image_suffix, mask_suffix=mask_suffix
        )
        return command(layout=layout, **others)

    for option in reversed(_LAYOUT):
        with_layout = option(with_layout)
    return with_layout


resize_option = click.option(
    "--resize-masks",
    "resize",
    type=click.Choice(["nearest"]),
    callback=lambda context, option, way: way is not None,
    help="Bring masks of another size to that of their photograph.",
)
turned_option = click.option(
    "--masks-turned",
    "turned",
    type=click.Choice(["upright", "stored"]),
    help="Where a photograph is turned by EXIF: whether its mask lies as viewers show it, or "
    "as its pixels are stored.  [default: told by the size of the mask]",
)


def labelling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, and gives the command a `labelling` in their place."""

    @wraps(command)
    def with_labelling(
        *,
        hair: tuple[str, ...],
        face: tuple[str, ...],
        background: tuple[str, ...],
        ignore: tuple[str, ...],
        soft: bool,
        resize: bool,
        turned: Any,
        **others: Any,
    ) -> Any:
        from train.data.labels import Labelling

        labelling = Labelling.parse(
            hair,
            face,
            background,
            ignore,
            soft=soft,
            resize=resize,
            turned=turned,
        )
        return command(labelling=labelling, **others)

    for option in reversed(_OPTIONS):
        with_labelling = option(with_labelling)
    return with_labelling


_LAYOUT = (
    click.option("--images", default="images", show_default=True, help="Where photographs lie."),
    click.option("--masks", default="masks", show_default=True, help="Where masks lie."),
    click.option(
        "--image-suffix",
        default="",
        metavar="TEXT",
        help="What photographs' names end in that their masks' do not, such as -org.",
    ),
    click.option(
        "--mask-suffix",
        default="",
        metavar="TEXT",
        help="What masks' names end in that their photographs' do not, such as -gt or _mask.",
    ),
)
_OPTIONS = (
    click.option(
        "--hair",
        multiple=True,
        metavar="VALUE",
        help=f"What is hair in the masks: {VALUE}. Repeatable.",
    ),
    click.option(
        "--face", multiple=True, metavar="VALUE", help="With --hair: what is face, likewise."
    ),
    click.option(
        "--background",
        multiple=True,
        metavar="VALUE",
        help="With --hair: what is neither.  [default: black, or 0]",
    ),
    click.option(
        "--ignore",
        multiple=True,
        metavar="VALUE",
        help="What is not labelled: left out of training and of the IoU.",
    ),
    click.option(
        "--soft",
        is_flag=True,
        help="Masks have soft edges: a value between those named belongs to the nearest.",
    ),
    resize_option,
    turned_option,
)
