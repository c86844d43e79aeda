"""`bench train`: give variants their weights."""

from __future__ import annotations

from contextlib import ExitStack
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
    metavar="auto|random|torchvision|keras|inherited|FILE",
    help="First weights. auto: of the encoder, a Keras file of that width in the encoders' "
    "folder, else torchvision's where they are cached, else channels inherited from a wider Keras "
    "file, else random. FILE: a Keras encoder (.h5), or a whole network: a checkpoint of this "
    "project (.safetensors) or of the parent's (.ckpt).",
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
@click.option(
    "--together",
    is_flag=True,
    help="The sizes of a width in one training, with shared kernels; batch norms and biases "
    "are each size's own.",
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
    together: bool,
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
    from train.settings import Settings, trained_together
    from zoo.files import Home
    from zoo.lock import locked
    from zoo.registry import select

    home = Home.default()
    specs = select(models)
    config = with_changes(load_recipe(recipe), epochs=epochs, seed=seed, target=target)
    dataset = Dataset.open(home, data)
    groups = trained_together(specs) if together else [(spec,) for spec in specs]
    with join_processes() as here:
        for group in groups:
            first = choose_first_weights(group[0], init, encoders or home.encoders)
            settings = Settings(specs=group, config=config, dataset=dataset, first_weights=first)
            with ExitStack() as held:
                if here.first:
                    for name in sorted({settings.name, *(spec.name for spec in group)}):
                        held.enter_context(locked(home.training_folder(name)))
                _train(home, settings, here, force)


def _train(home: Home, settings: Settings, here: Processes, force: bool) -> None:
    """Train what is not trained; the first of several processes speaks."""
    from train.settings import is_trained
    from zoo.checkpoint import checkpoint_path

    def say(words: str, name: str = settings.name) -> None:
        if here.first:
            click.echo(f"{name}: {words}")

    done = all(is_trained(checkpoint_path(home, spec), settings) for spec in settings.specs)
    if here.from_first(done and not force):
        say("trained already")
        return
    hint = "random weights (from ImageNet's the IoU is higher: --encoders, --init)"
    say(f"begins from {settings.first_weights.init.source or hint}")
    from train.loop import train

    for record in train(settings, home, here):
        path = checkpoint_path(home, record.spec)
        say(f"validation IoU {record.validation_iou:.4f}, {path}", record.model)
