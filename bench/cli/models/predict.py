"""`bench predict`: see what a model makes of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import force_option

if TYPE_CHECKING:
    from PIL import Image

    from bench.cli.models.photographs import Task
    from zoo.catalogue import Model
    from zoo.home import Home
    from zoo.runtime.open_model import OpenModel

PARTIAL = 3


@click.command()
@click.argument(
    "photographs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTOGRAPH..."
)
@click.option("--model", "-m", required=True, metavar="NAME", help="One model.")
@click.option(
    "--runtime",
    metavar="NAME",
    help="onnxruntime, litert, torch, tensorflow, coreml, or mil-reference, which runs Core ML "
    "packages anywhere.  [default: the first that has a file]",
)
@click.option("--precision", default="fp32", show_default=True, help="Of the exported file.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A picture, whose ending decides the format (png, jpg, webp, tiff, bmp); of several "
    "photographs a folder.  [default: beside each]",
)
@click.option(
    "--mask",
    "with_mask",
    is_flag=True,
    help="Write the mask too: white hair on black, at the photograph's size, as NAME.mask.png.",
)
@force_option
@click.pass_context
def command(
    context: click.Context,
    photographs: tuple[Path, ...],
    model: str,
    runtime: str | None,
    precision: str,
    output: Path | None,
    with_mask: bool,
    force: bool,
) -> None:
    """Tint the hair in photographs, or in those of a folder, by the exported or imported file.

    Writes PHOTOGRAPH.MODEL.png beside each, and prints the share of hair. Of several photographs,
    one that cannot be read is told and the rest goes on; then the exit status is 3.

    \b
    Example:
      bench predict photo.jpg --model mnv2_slim_unet_0.35_128
      bench predict photo.jpg --model mnv2_slim_unet_0.35_128 --mask --output tinted.jpg
      bench predict photos/ --model mnv2_slim_unet_0.35_128 --output tinted/
    """
    from bench.cli.models.photographs import tasks
    from zoo.base.children import threads_here
    from zoo.base.errors import DataError
    from zoo.catalogue import get
    from zoo.home import Home
    from zoo.preprocess import open_photograph
    from zoo.runtime.runtime import open_model

    home = Home.default()
    chosen, opened = get(home, model), None
    asked = tasks(home, photographs, chosen.name, output, with_mask, force)
    refused = []
    for task in asked:
        try:
            image = open_photograph(task.photograph)
        except DataError as error:
            refused.append(error)
            if len(asked) > 1:
                click.echo(f"left out: {error}", err=True)
            continue
        if opened is None:
            path, name = _first_at_hand(home, chosen, runtime, precision)
            opened = open_model(path, name, threads_here())
        click.echo(_made(task, image, opened, chosen))
    if len(refused) == len(asked):
        raise refused[0]
    context.exit(PARTIAL if refused else 0)


def _made(task: Task, image: Image.Image, opened: OpenModel, model: Model) -> str:
    """Write the pictures of one photograph; what to say of it."""
    from PIL import Image

    from reports.pictures.overlay import overlay
    from zoo.base.pictures import shown
    from zoo.segmenting import mask_of

    mask = mask_of(model, opened, image)
    _write(overlay(image, mask), task.tinted)
    told = f"{shown(task.tinted)}: {mask.mean():.1%} of the picture is hair"
    if task.mask:
        _write(Image.fromarray(mask.astype("uint8") * 255), task.mask)
        told += f"; mask: {shown(task.mask)}"
    return told


def _write(picture: Image.Image, path: Path) -> None:
    from bench.cli.models.photographs import format_of
    from zoo.base.errors import FileError, StorageError
    from zoo.base.files import replacing
    from zoo.base.pictures import shown

    format = format_of(path)
    try:
        with replacing(path) as temporary:
            picture.save(temporary, format=format, quality=95)
    except (ValueError, OSError, StorageError) as error:
        # JPEG and WebP hold no picture of any size.
        reason = error.seen if isinstance(error, StorageError) else f"{path}: {error}"
        raise FileError(
            f"the picture cannot be written: {shown(reason)}",
            expected=f"a folder to write to, and a picture that {format} can hold",
            remedy="--output with a name ending in .png",
        ) from error


def _first_at_hand(
    home: Home, model: Model, runtime: str | None, precision: str
) -> tuple[Path, str]:
    """The file, and what runs it: that runtime, else the first of this machine's own for which a
    file was exported."""
    from bench.work.find import find, variant
    from bench.work.subject import Subject, runtimes_for
    from devices.host.device import HostDevice
    from zoo.base.errors import MissingStep
    from zoo.imported.record import verified_import
    from zoo.runtime.processor import REFERENCE
    from zoo.spec import ModelSpec

    # The reference is no runtime of any device, for it is never timed.
    if runtime == REFERENCE and isinstance(model, ModelSpec):
        subject = Subject(what=model, runtime=runtime, precision=precision, forced=True)
        return variant(home, model, subject).artifact, runtime
    packaged = None if isinstance(model, ModelSpec) or model.format != "coreml" else model
    if packaged and runtime in (None, REFERENCE):
        return verified_import(home, packaged), REFERENCE
    device, missing = HostDevice(), list[MissingStep]()
    names = runtimes_for(device, model, [runtime] if runtime else [])
    for name in names or ["onnxruntime"]:
        subject = Subject(what=model, runtime=name, precision=precision, forced=True)
        try:
            return find(home, device, subject).artifact, name
        except MissingStep as step:
            missing.append(step)
    raise missing[0]
