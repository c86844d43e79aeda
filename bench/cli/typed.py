"""What was typed, to be typed again: here by a child, or on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource


def words_of(context: click.Context, without: tuple[str, ...]) -> list[str]:
    """The words of this command, but for these options."""
    words = []
    for parameter in context.command.params:
        name = parameter.name or ""
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not typed or name in without:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words += [str(one) for one in value]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            several = value if getattr(parameter, "multiple", False) else [value]
            # One word each: a frame without a size would take the next one.
            words += [f"{parameter.opts[0]}={_typed(parameter, one)}" for one in several]
    return words


def _typed(parameter: click.Parameter, value: Any) -> str:
    """A value as it is typed."""
    if parameter.type.name == "percent":
        return f"{100 * value:g}%"
    if parameter.type.name == "frame":
        return f"{value[0]}x{value[1]}"
    return str(value.resolve() if isinstance(value, Path) else value)
