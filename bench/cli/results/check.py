"""`bench check`: what is weak about stored sessions."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from bench.cli.options import json_option

WEAK = 3


@click.command()
@click.argument("sessions", nargs=-1, required=True, metavar="SESSION...")
@json_option
@click.pass_context
def command(context: click.Context, sessions: tuple[str, ...], as_json: bool) -> None:
    """Warn of what is weak about sessions, each with its remedy.

    SESSION is the beginning of an id, a file, or `last` for all of the last run. What could not be
    read is listed apart: it is not known to be bad, nor to be good. The exit status is 3 where
    there is a warning.

    \b
    Example:
      bench check last
    """
    from bench.check import check, unknown_conditions
    from bench.sessions.store import chosen
    from zoo.home import Home

    found = chosen(Home.default(), sessions)
    warnings = check(found)
    unknown = sorted({line for session in found for line in unknown_conditions(session)})
    if as_json:
        value = {"warnings": [asdict(one) for one in warnings], "unknown": unknown}
        click.echo(json.dumps(value, indent=1))
    else:
        for one in warnings:
            click.echo(f"{one.about}: {one.seen}\n  next: {one.remedy}")
        for line in unknown:
            click.echo(f"unknown  {line}")
        click.echo(f"{len(found)} sessions, {len(warnings)} warnings")
    context.exit(WEAK if warnings else 0)
