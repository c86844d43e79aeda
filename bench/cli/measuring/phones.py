"""`bench run --device android --all`: the same on every phone that is there, side by side."""

from __future__ import annotations

from contextlib import closing

import click

from bench.cli.spread import CHILD
from bench.cli.typed import words_of

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
    run = (*CHILD, "run")
    jobs = [Job(name=s, words=(*run, "--device", f"android:{s}", *words)) for s in ready]
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
