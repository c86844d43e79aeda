"""The options that say what a model file of one's own is fed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from bench.cli.options import adding

_OPTIONS = (
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=WHAT",
        help="Of a FILE: the shape of an input (1x3x224x224, or [8]), its values (FILE.npy), one "
        "value for all of it (0), or noise in a range (0..255). Repeatable.  [default: floats are "
        "noise in 0..1; what the file leaves open is asked for]",
    ),
    click.option(
        "--signature", metavar="NAME", help="Of a .tflite FILE that has several: which one."
    ),
)


def own_file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--input` and `--signature`."""
    return adding(command, _OPTIONS)
