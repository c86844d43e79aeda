"""Options that mean the same in every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def model_option(default: str | None = None) -> Decorator:
    """`--model NAME_OR_WILDCARD`, several times; all the models where `default` is '*'."""
    return click.option(
        "--model",
        "-m",
        "models",
        multiple=True,
        required=default is None,
        default=None if default is None else (default,),
        metavar="NAME",
        help="A model, or a wildcard in quotes, such as 'mnv2_unet_*_224'. Repeatable.",
    )


json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for scripts."
)
force_option: Decorator = click.option(
    "--force", is_flag=True, help="Do it again, even where nothing has changed."
)
