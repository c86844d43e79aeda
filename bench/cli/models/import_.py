"""`bench import`: a place beside the zoo for any segmentation model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import json_option

if TYPE_CHECKING:
    from zoo.home import Home
    from zoo.imported.guess import Guessed
    from zoo.imported.record import Activation, Channels, Colour, Imported, Layout

NUMBER = r"[+-]?(?:[0-9]{1,6}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})"


class Range(click.ParamType[tuple[float, float]]):
    """`-1..1`: what black and white become."""

    name = "range"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[float, float]:
        match = re.fullmatch(rf"({NUMBER})\.\.({NUMBER})", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no range such as -1..1 or 0..255", parameter, context)
        return float(match[1]), float(match[2])


class PerChannel(click.ParamType["Channels"]):
    """`0.5`, or `0.485,0.456,0.406`: of all channels, or of each."""

    name = "channels"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Channels:
        words = str(value).split(",")
        if len(words) not in (1, 3) or not all(re.fullmatch(NUMBER, w.strip()) for w in words):
            self.fail(f"{value!r} is neither one number nor three, as 1,2,3", parameter, context)
        numbers = [float(word) for word in words]
        first, second, third = numbers if len(numbers) == 3 else 3 * numbers
        return first, second, third


class Size(click.ParamType[tuple[int, int]]):
    """`256`, or `144x256` as height and width."""

    name = "size"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        match = re.fullmatch(r"([0-9]{1,4})(?:x([0-9]{1,4}))?", str(value).strip())
        sides = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not all(8 <= side <= 8192 for side in sides):
            self.fail(f"{value!r} is no size such as 256 or 144x256", parameter, context)
        return sides


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What it is called from now on.")
@click.option(
    "--range",
    "range_",
    type=Range(),
    metavar="LOW..HIGH",
    help="What black and white are fed as: 0..1, -1..1, 0..255.",
)
@click.option(
    "--mean",
    type=PerChannel(),
    metavar="M,M,M",
    help="Subtracted from the values of --range, by channel; one number is of all.",
)
@click.option("--std", type=PerChannel(), metavar="S,S,S", help="Then divided by, likewise.")
@click.option("--layout", type=click.Choice(["nhwc", "nchw"]), help="Of the input's axes.")
@click.option("--colour", type=click.Choice(["rgb", "bgr"]), help="The order of the channels.")
@click.option(
    "--size",
    type=Size(),
    metavar="N",
    help="For an ONNX file that takes any: 256, or 144x256 as height and width.",
)
@click.option("--output", metavar="N|NAME", help="Which output holds the mask, counted from 0.")
@click.option(
    "--channel", type=click.IntRange(0, 9999), help="Which of its channels, counted from 0."
)
@click.option(
    "--activation",
    type=click.Choice(["none", "sigmoid", "softmax", "labels"]),
    help="What makes its values probabilities; labels: they are numbers of classes.",
)
@click.option("--threshold", type=float, metavar="T", help="From where on a pixel is hair.")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "fp16a", "int8", "int8w", "pal6", "pal4"]),
    help="Beside which of the zoo's files it stands.  [default: by its weights]",
)
@click.option("--force", is_flag=True, help="Replace the one of that name, and what it scored.")
@json_option
def command(
    file: Path,
    name: str,
    range_: tuple[float, float] | None,
    mean: Channels | None,
    std: Channels | None,
    layout: Layout | None,
    colour: Colour | None,
    size: tuple[int, int] | None,
    output: str | None,
    channel: int | None,
    activation: Activation | None,
    threshold: float | None,
    precision: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Import an .onnx, .tflite or .mlpackage FILE of other people, to stand beside the zoo.

    Copies it to imported/NAME/, with a record that says how it is fed and read. What you do not
    say is guessed from the file; every guess is printed, and an option changes it. `bench eval`
    then tells by IoU whether the record is right. Core ML packages are run by the reference
    interpreter, which is never timed.

    \b
    Example:
      bench import selfie_segmentation.tflite --name selfie
      bench import hair.onnx --name hair --range -1..1 --channel 1 --activation softmax
    """
    from reports.text.fitting import fitted, next_steps
    from zoo.home import Home
    from zoo.imported.choices import Choices
    from zoo.imported.take import take
    from zoo.runtime.runtime import default_for, why_not

    chosen = Choices(
        range=range_,
        mean=mean,
        std=std,
        layout=layout,
        colour=colour,
        size=size,
        output=output,
        channel=channel,
        activation=activation,
        threshold=threshold,
    )
    home = Home.default()
    model, guessed = take(home, file, name, chosen, precision, force)
    if as_json:
        why = {"why": guessed.why}
        click.echo(json.dumps(model.model_dump(mode="json") | why, indent=1))
        return
    click.echo(fitted(_told(home, model, guessed)))
    steps = [f"bench eval {name} --data lfw --split validation"]
    runtime = default_for(model.format)
    if why_not(runtime) is None:
        beside = f"--model 'mnv2_slim_unet_*' --precision {model.precision}"
        steps.append(f"bench run --model {name} {beside} --runtime {runtime}")
    click.echo(next_steps(steps))


def _told(home: Home, model: Imported, guessed: Guessed) -> str:
    """The record, with what changes it."""
    from reports.text.imported import guessed_lines
    from zoo.imported.record import record_path

    first = f"{model.name}: {model.format}, {model.precision}, {model.size_bytes / 1e6:.2f} MB"
    lines = guessed_lines(model, guessed.why)
    return "\n".join([first, *lines, f"record: {record_path(home, model.name)}"])
