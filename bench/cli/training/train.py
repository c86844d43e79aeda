"""`bench train`: give variants their weights."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import force_option, model_option
from bench.cli.spread import ray_option

if TYPE_CHECKING:
    from train.processes import Processes
    from train.settings import Settings
    from zoo.home import Home


@click.command()
@model_option()
@click.option("--data", required=True, metavar="NAME", help="A data set made by `bench data`.")
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    help="quick, standard, together, onward, or a YAML file.  "
    "[default: standard; with --together, together]",
)
@click.option(
    "--init",
    default="auto",
    show_default=True,
    metavar="auto|random|torchvision|keras|inherited|widened|FILE",
    help="First weights. auto fills the encoder with the first of these: a Keras file of that "
    "width in the encoders' folder; torchvision's weights, if they are cached; the Keras file of "
    "the nearest width, its best channels (inherited) or all beside new ones (widened); random "
    "weights. FILE: a Keras encoder (.h5), or a whole network: a checkpoint of this project "
    "(.safetensors) or of the parent's (.ckpt).",
)
@click.option(
    "--encoders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of Keras MobileNetV2 .h5 files.  "
    "[default: BENCH_ENCODERS, else weights/, else ../shared/weights]",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="CHECKPOINT",
    help="Learn from the masks of this trained variant too, blended into the labels by the "
    "recipe's teacher_share. Several: from their mean.",
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
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Trainings at once on a machine, each a process of its own with its share of the cores.",
)
@click.option(
    "--cores",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Of a machine, for each training.  [default: an equal share]",
)
@ray_option("Train")
@force_option
@click.pass_context
def command(
    context: click.Context,
    models: tuple[str, ...],
    data: str,
    recipe: str | None,
    init: str,
    encoders: Path | None,
    teachers: tuple[Path, ...],
    epochs: int | None,
    together: bool,
    seed: int | None,
    target: str | None,
    jobs: int,
    cores: int | None,
    ray: str | None,
    force: bool,
) -> None:
    """Train variants, or go on where a stopped training was.

    What is trained already with the same settings is left alone. Started by torch's launcher, as
    in the last example, several processes, GPUs or machines train one variant together.

    \b
    Example:
      bench train --model 'mnv2_slim_unet_0.35_*' --data lfw --encoders ~/keras
      bench train --model 'mnv2_slim_unet_*' --data lfw --jobs 2
      torchrun --nproc-per-node 2 --no-python bench train --model mnv2_slim_unet_1.0_224 --data lfw
    """
    from train.config import load_recipe, with_changes
    from train.data.dataset import Dataset
    from train.init.first_weights import choose_first_weights
    from train.processes import join_processes, launched
    from train.settings import Settings, trained_together
    from train.teacher import choose_teachers
    from zoo.base.lock import locked
    from zoo.home import Home
    from zoo.registry import select

    many = jobs > 1 or ray is not None
    if many and launched() > 1:
        raise click.UsageError("--jobs and --ray start processes of their own: not by torchrun")
    home = Home.default()
    specs = select(models)
    recipe = recipe or ("together" if together else "standard")
    config = with_changes(load_recipe(recipe), epochs=epochs, seed=seed, target=target)
    dataset = Dataset.open(home, data)
    taught_by = choose_teachers(teachers, config.target)
    trainings = [
        Settings(
            specs=group,
            config=config,
            dataset=dataset,
            first_weights=choose_first_weights(group[0], init, encoders or home.encoders),
            teachers=taught_by,
        )
        for group in (trained_together(specs) if together else [(spec,) for spec in specs])
    ]
    folders = {folder.resolve() for settings in trainings for folder in settings.folders(home)}
    for settings in trainings:
        settings.refuse_own(folders)
    if many:
        from bench.cli.training.many import train_on_ray, train_side_by_side

        if ray is None:
            failed = train_side_by_side(trainings, context.params)
        else:
            failed = train_on_ray(home, trainings, context.params)
        context.exit(1 if failed else 0)
    with join_processes() as here:
        for settings in trainings:
            with ExitStack() as held:
                if here.first:
                    for folder in settings.folders(home):
                        held.enter_context(locked(folder))
                _train(home, settings, here, cores, force)


def _train(home: Home, settings: Settings, here: Processes, cores: int | None, force: bool) -> None:
    """Train what is not trained; the first of several processes speaks."""

    def say(words: str, name: str = settings.name) -> None:
        if here.first:
            click.echo(f"{name}: {words}")

    if here.from_first(settings.are_trained(home) and not force):
        say("trained already")
        return
    hint = "random weights (from ImageNet's the IoU is higher: --encoders, --init)"
    say(f"begins from {settings.first_weights.init.source or hint}")
    for sentence in settings.seen_before():
        say(f"warning: {sentence}")
    from dataclasses import asdict

    from train.loader import weighed_in_vain
    from train.loop import train
    from zoo.artifact.iou import read_counts
    from zoo.artifact.sources import by_source, source_text
    from zoo.checkpoint import COUNTS_NAME, checkpoint_path

    if names := weighed_in_vain(settings.dataset, settings.config):
        say(f"no photographs of {', '.join(names)} here: the recipe's mix does without")
    for record in train(settings, home, here, cores):
        path = checkpoint_path(home, record.spec)
        counts = read_counts(path.with_name(COUNTS_NAME))
        found = by_source(counts, settings.dataset.record.name)
        told = source_text([asdict(one) for one in found])
        say(f"validation IoU on {told}; {path}", record.model)
