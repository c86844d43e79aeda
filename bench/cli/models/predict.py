"""`bench predict`: see what a model makes of a photograph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import force_option

if TYPE_CHECKING:
    from bench.work_item import Work
    from zoo.catalogue import Model
    from zoo.home import Home


@click.command()
@click.argument("photograph", type=click.Path(path_type=Path))
@click.option("--model", "-m", required=True, metavar="NAME", help="One model.")
@click.option(
    "--runtime",
    metavar="NAME",
    help="onnxruntime, litert, torch, tensorflow, coreml.  [default: the first that has a file]",
)
@click.option("--precision", default="fp32", show_default=True, help="Of the exported file.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: beside it]"
)
@force_option
def command(
    photograph: Path,
    model: str,
    runtime: str | None,
    precision: str,
    output: Path | None,
    force: bool,
) -> None:
    """Tint the hair in a photograph, by the exported or imported file itself.

    Writes PHOTOGRAPH.MODEL.png beside it, and prints the share of hair.

    \b
    Example:
      bench predict photo.jpg --model mnv2_unet_0.35_128
    """
    from reports.pictures.overlay import overlay
    from zoo.base.errors import FileError
    from zoo.base.files import replacing
    from zoo.catalogue import get
    from zoo.home import Home
    from zoo.preprocess import open_photograph
    from zoo.runtime.runtime import open_model
    from zoo.segmenting import mask_of

    home = Home.default()
    chosen = get(home, model)
    target = output or photograph.with_name(f"{photograph.name}.{chosen.name}.png")
    if target.exists() and not force:
        raise FileError(f"{target} exists", remedy="--force to replace it, or --output FILE")
    image = open_photograph(photograph)
    work = _first_at_hand(home, chosen, runtime, precision)
    opened = open_model(work.artifact, work.request.runtime, os.cpu_count() or 1)
    mask = mask_of(chosen, opened, image)
    with replacing(target) as temporary:
        overlay(image, mask).save(temporary, format="PNG")
    click.echo(f"{target}: {mask.mean():.1%} of the picture is hair")


def _first_at_hand(home: Home, model: Model, runtime: str | None, precision: str) -> Work:
    """Of the runtime, else of the first of this machine's own for which a file was exported."""
    from bench.work import Subject, find, runtimes_for
    from devices.host.device import HostDevice
    from zoo.base.errors import MissingStep

    device, missing = HostDevice(), list[MissingStep]()
    names = runtimes_for(device, model, [runtime] if runtime else [])
    for name in names or ["onnxruntime"]:
        subject = Subject(what=model, runtime=name, precision=precision, forced=True)
        try:
            return find(home, device, subject)
        except MissingStep as step:
            missing.append(step)
    raise missing[0]
