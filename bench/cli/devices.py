"""`bench devices`: where a model can be measured from here."""

from __future__ import annotations

import json

import click

from bench.cli.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the devices, their runtimes and their present conditions.

    \b
    Example:
      bench devices --json
    """
    from devices.find import KINDS, find_device, why_not_kind

    host = find_device("host")
    info, conditions = host.info(), host.conditions()
    runtimes = {
        name: {"version": host.runtime_version(name) if why is None else None, "reason": why}
        for name, why in host.runtimes().items()
    }
    others = {kind: why_not_kind(kind) for kind in KINDS if why_not_kind(kind)}
    if as_json:
        readings = {name: reading.model_dump() for name, reading in conditions.items()}
        value = {"info": info.model_dump(), "runtimes": runtimes, "conditions": readings}
        click.echo(json.dumps({"host": value, "unavailable": others}, indent=1))
        return
    memory_gib = info.memory_bytes / 2**30
    click.echo(f"host: {info.cpu}, {info.cores} cores, {memory_gib:.1f} GiB, {info.os}")
    for name, found in runtimes.items():
        click.echo(f"  {name:24} {found['version'] or 'not here: ' + str(found['reason'])}")
    for name, reading in conditions.items():
        known = reading.reason is None
        click.echo(f"  {name:24} {reading.value if known else f'unknown: {reading.reason}'}")
    for kind, reason in others.items():
        click.echo(f"{kind}: {reason}")
