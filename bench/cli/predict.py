"""`bench predict`: see what a model makes of a photograph."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bench.cli.options import force_option


@click.command()
@click.argument("photograph", type=click.Path(path_type=Path))
@click.option("--model", "-m", required=True, metavar="NAME", help="One model.")
@click.option(
    "--runtime",
    default="onnxruntime",
    show_default=True,
    help="onnxruntime, litert, torch, tensorflow, coreml.",
)
@click.option("--precision", default="fp32", show_default=True, help="Of the exported file.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: beside it]"
)
@force_option
def command(
    photograph: Path, model: str, runtime: str, precision: str, output: Path | None, force: bool
) -> None:
    """Tint the hair in a photograph, by the exported file itself.

    Writes PHOTOGRAPH.MODEL.png beside it, and prints the share of hair.

    \b
    Example:
      bench predict photo.jpg --model mnv2_unet_0.35_128
    """
    from bench.work import Subject, find
    from devices.host import HostDevice
    from reports.overlay import overlay
    from zoo.errors import FileError
    from zoo.files import Home, replacing
    from zoo.preprocess import mask_at, open_photograph, to_input
    from zoo.registry import get
    from zoo.runtime import open_model

    spec = get(model)
    target = output or photograph.with_name(f"{photograph.name}.{spec.name}.png")
    if target.exists() and not force:
        raise FileError(f"{target} exists", remedy="--force to replace it, or --output FILE")
    image = open_photograph(photograph)
    subject = Subject(what=spec, runtime=runtime, precision=precision, forced=True)
    work = find(Home.default(), HostDevice(), subject)
    opened = open_model(work.artifact, runtime, os.cpu_count() or 1)
    mask = mask_at(opened.predict(to_input(image, spec.size))[0], *image.size)
    with replacing(target) as temporary:
        overlay(image, mask).save(temporary, format="PNG")
    click.echo(f"{target}: {mask.mean():.1%} of the picture is hair")
