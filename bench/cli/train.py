"""`bench train`: give variants their weights."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import force_option, model_option

if TYPE_CHECKING:
    from train.processes import Processes
    from train.settings import Settings
    from zoo.files import Home


@click.command()
@model_option()
@click.option("--data", required=True, metavar="NAME", help="A data set made by `bench data`.")
@click.option(
    "--recipe",
    default="standard",
    show_default=True,
    metavar="NAME|FILE",
    help="quick, standard, or a YAML file.",
)
@click.option(
    "--init",
    default="auto",
    show_default=True,
    metavar="auto|random|torchvision|keras|FILE",
    help="First weights. auto: of the encoder, a Keras file of that width in the encoders' "
    "folder, else torchvision's where they are cached, else random. FILE: a Keras encoder (.h5), "
    "or a whole network: a checkpoint of this project (.safetensors) or of the parent's (.ckpt).",
)
@click.option(
    "--encoders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of Keras MobileNetV2 .h5 files.  "
    "[default: BENCH_ENCODERS, else weights/, else ../shared/weights]",
)
@click.option(
    "--epochs",
    type=click.IntRange(0),
    help="Instead of the recipe's. 0 takes the first weights as they are, and measures them.",
)
@click.option("--seed", type=click.IntRange(0), help="Instead of the recipe's.")
@click.option("--target", type=click.Choice(["hair", "face"]), help="Instead of the recipe's.")
@force_option
def command(
    models: tuple[str, ...],
    data: str,
    recipe: str,
    init: str,
    encoders: Path | None,
    epochs: int | None,
    seed: int | None,
    target: str | None,
    force: bool,
) -> None:
    """Train variants, or go on where a stopped training was.

    What is trained already with the same settings is left alone. Started by torch's launcher, as
    in the last example, several processes, GPUs or machines train one variant together.

    \b
    Example:
      bench train --model 'mnv2_unet_0.35_*' --data lfw --encoders ~/keras
      torchrun --nproc-per-node 2 --no-python bench train --model mnv2_unet_1.0_224 --data lfw
    """
    from train.config import load_recipe, with_changes
    from train.dataset import Dataset
    from train.first_weights import choose_first_weights
    from train.processes import join_processes
    from train.settings import Settings
    from zoo.files import Home
    from zoo.lock import locked
    from zoo.registry import select

    home = Home.default()
    specs = select(models)
    config = with_changes(load_recipe(recipe), epochs=epochs, seed=seed, target=target)
    dataset = Dataset.open(home, data)
    with join_processes() as here:
        for spec in specs:
            first = choose_first_weights(spec, init, encoders or home.encoders)
            settings = Settings(spec=spec, config=config, dataset=dataset, first_weights=first)
            with locked(home.checkpoint_folder(spec)) if here.first else nullcontext():
                _train(home, settings, here, force)


def _train(home: Home, settings: Settings, here: Processes, force: bool) -> None:
    """Train one variant, unless it is trained; the first of several processes speaks."""
    from train.settings import is_trained
    from zoo.checkpoint import checkpoint_path

    def say(words: str) -> None:
        if here.first:
            click.echo(f"{settings.spec.name}: {words}")

    path = checkpoint_path(home, settings.spec)
    if here.from_first(not force and is_trained(path, settings)):
        say("trained already")
        return
    hint = "random weights (from ImageNet's the IoU is higher: --encoders, --init)"
    say(f"begins from {settings.first_weights.init.source or hint}")
    from train.loop import train

    record = train(settings, home.checkpoint_folder(settings.spec), here)
    say(f"validation IoU {record.validation_iou:.4f} at epoch {record.epoch}, {path}")
