"""`bench train`: give variants their weights."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.options import force_option, model_option


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
    help="First weights of the encoder. auto: a Keras file of that width in the encoders' "
    "folder, else torchvision's where they are cached, else random.",
)
@click.option(
    "--encoders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of Keras MobileNetV2 .h5 files.  "
    "[default: BENCH_ENCODERS, else weights/, else ../shared/weights]",
)
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
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

    What is trained already with the same settings is left alone.

    \b
    Example:
      bench train --model 'mnv2_unet_0.35_*' --data lfw --encoders ~/keras
    """
    from train.config import load_recipe, with_changes
    from train.dataset import Dataset
    from train.encoders import choose_encoder
    from train.settings import Settings, is_trained
    from zoo.checkpoint import checkpoint_path
    from zoo.files import Home
    from zoo.registry import select

    home = Home.default()
    specs = select(models)
    config = with_changes(load_recipe(recipe), epochs=epochs, seed=seed, target=target)
    dataset = Dataset.open(home, data)
    for spec in specs:
        encoder = choose_encoder(spec, init, encoders or home.encoders)
        settings = Settings(spec=spec, config=config, dataset=dataset, encoder=encoder)
        path = checkpoint_path(home, spec)
        if not force and is_trained(path, settings):
            click.echo(f"{spec.name}: trained already")
            continue
        hint = "random weights (from ImageNet's the IoU is higher: --encoders, --init)"
        click.echo(f"{spec.name}: the encoder begins from {encoder.init.source or hint}")
        from train.loop import train

        record = train(settings, home.checkpoint_folder(spec))
        click.echo(
            f"{spec.name}: validation IoU {record.validation_iou:.4f} at epoch {record.epoch}, "
            f"{path}"
        )
