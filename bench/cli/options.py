"""Options that mean the same in every command."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.text.listing import Format

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def adding(command: Callable[..., Any], options: Sequence[Decorator]) -> Callable[..., Any]:
    """The command with these options, which `--help` shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def model_option(default: str | None = None, required: bool = True) -> Decorator:
    """`--model NAME_OR_WILDCARD`, several times; all the models where `default` is '*'."""
    return click.option(
        "--model",
        "-m",
        "models",
        multiple=True,
        required=required and default is None,
        default=None if default is None else (default,),
        metavar="NAME",
        help="A model, or a wildcard in quotes, such as 'mnv2_slim_unet_*_224'. Repeatable.",
    )


precisions_option: Decorator = click.option(
    "--precision",
    "precisions",
    multiple=True,
    metavar="P",
    help="fp32, fp16, fp16a, int8, int8w, pal6, pal4, as far as the format has it. Repeatable.  "
    "[default: all]",
)
timed_precisions_option: Decorator = click.option(
    "--precision",
    "precisions",
    multiple=True,
    default=("fp32",),
    show_default=True,
    metavar="P",
    help="Of the exported files. Repeatable.",
)
threads_option: Decorator = click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True
)
LIST_FORMATS: tuple[Format, ...] = ("table", "markdown", "csv")


def format_option(short: str | None = None) -> Decorator:
    """`--format table|markdown|csv` of a list. short: what is printed without it, where that is not
    the whole table; the format is then None."""
    told = "Of the list; csv holds what --json does.  "
    return click.option(
        "--format",
        "format",
        type=click.Choice(LIST_FORMATS),
        default=None if short else "table",
        help=f"{told}[default: {short or 'table'}]",
    )


files_and_list_option: Decorator = click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME",
    help="Of the files: onnx, tflite, coreml. Of the list: table, markdown, csv. Repeatable.  "
    "[default: all files]",
)


def files_and_list(formats: Sequence[str]) -> tuple[tuple[str, ...], Format | None]:
    """What was given to that option: the formats of files, and that of the list."""
    listed: list[Format] = [name for name in LIST_FORMATS if name in formats]
    if len(listed) > 1:
        raise click.UsageError(f"one format of the list, not {' and '.join(listed)}")
    files = tuple(name for name in formats if name not in LIST_FORMATS)
    return files, listed[0] if listed else None


adb_option: Decorator = click.option(
    "--adb", metavar="PATH", help="[default: BENCH_ADB, else ANDROID_HOME's, else PATH's]"
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for scripts."
)
force_option: Decorator = click.option(
    "--force", is_flag=True, help="Do it again, even where nothing has changed."
)
deadline_option: Decorator = click.option(
    "--deadline",
    type=click.FloatRange(0.1, 36_000),
    default=120.0,
    show_default=True,
    metavar="S",
    help="What loading, or sampling beyond its own length, may take.",
)


# By the end of a picture's name: the format in which it is written.
PICTURES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}


class PictureFile(click.Path):
    """Where a picture is written; the ending of its name is one of these, and says its format."""

    def __init__(self, *endings: str) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self.endings = endings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(value)
        if path.suffix.lower() not in self.endings:
            endings = ", ".join(self.endings)
            self.fail(f"{value!r}: the name of this picture ends in {endings}", param, ctx)
        return super().convert(value, param, ctx)


class Percent(click.ParamType[float]):
    """`1.5%`, as the share 0.015. The sign is asked for: 1.5 might mean either."""

    name = "percent"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", str(value).strip())
        if match is None or not 0 < float(match[1]) <= 100:
            self.fail(f"{value!r} is no percentage such as 1.5%", parameter, context)
        return float(match[1]) / 100


class Frame(click.ParamType[tuple[int, int]]):
    """`1280x720`: width and height of a camera frame in pixels."""

    name = "frame"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", str(value))
        if match is None or not all(16 <= int(side) <= 8192 for side in match.groups()):
            self.fail(f"{value!r} is no frame such as 1280x720", parameter, context)
        return int(match[1]), int(match[2])
