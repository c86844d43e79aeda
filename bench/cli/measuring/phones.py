"""`bench run --device android --all`: the same on every phone that is there, side by side."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bench.cli.spread import CHILD, PARTIAL, interrupted, show
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from zoo.base.children import Ended, Said


def run_on_all(context: click.Context) -> int:
    """A child process a phone; the exit status of all together. Raises DeviceError where there is
    none that can be used."""
    from devices.android.adb.client import REMEDIES, Adb, find_adb
    from devices.android.adb.discovery import READY, visible
    from zoo.base.children import Job, run_jobs
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
    run = (*CHILD, "run")
    jobs = [Job(name=s, words=(*run, "--device", f"android:{s}", *words)) for s in ready]
    before = _stored()
    try:
        failed = show(_named(run_jobs(jobs, len(jobs))), "phones", len(jobs))
    except KeyboardInterrupt:
        interrupted(_stored() - before, resumes=True)
    if failed:
        click.echo(f"not all sessions went well on {', '.join(failed)}", err=True)
    return PARTIAL if failed else 0


def _stored() -> int:
    """How many sessions there are, of any device."""
    from zoo.home import Home

    return sum(1 for _ in Home.default().results.glob("*/*.json"))


def _named(events: Generator[Said | Ended]) -> Generator[Said | Ended]:
    """Each line with the phone that it is of."""
    from zoo.base.children import Said

    with closing(events):
        for event in events:
            if isinstance(event, Said):
                yield replace(event, line=f"{event.name}: {event.line}")
            else:
                yield event
