"""`bench run --device android --all`: the same on every phone that is there, side by side."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

PARTIAL = 3


def run_on_all(context: click.Context) -> int:
    """A child process a phone; the exit status of all together. Raises DeviceError where there is
    none that can be used."""
    from devices.android.adb.client import REMEDIES, Adb, find_adb
    from devices.android.adb.discovery import READY, visible
    from zoo.base.children import Ended, Job, run_jobs
    from zoo.base.errors import DeviceError

    found = visible(Adb(program=find_adb(context.params["adb"])))
    ready = [one.serial for one in found if one.state == READY]
    for one in found:
        if one.state != READY:
            click.echo(f"left out: {one.error()}", err=True)
    if not ready:
        raise DeviceError(
            "adb lists no phone that is ready", code="no_device", remedy=REMEDIES["no_device"]
        )
    words = words_of(context, ("device", "all_phones"))
    child = ("-m", "bench.cli.child", "run")
    jobs = [Job(name=s, words=(*child, "--device", f"android:{s}", *words)) for s in ready]
    failed = []
    with closing(run_jobs(jobs, len(jobs))) as events:
        for event in events:
            if isinstance(event, Ended):
                failed += [event.name] if event.problem else []
            else:
                click.echo(f"{event.name}: {event.line}")
    if failed:
        click.echo(f"not all sessions went well on {', '.join(failed)}", err=True)
    return PARTIAL if failed else 0


def words_of(context: click.Context, without: tuple[str, ...]) -> list[str]:
    """What was typed, but for these options, to be typed again."""
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
