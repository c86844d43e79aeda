"""`bench check`: what is weak about stored sessions."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bench.cli.options import format_option, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.check import Weakness
    from reports.text.listing import Format

WEAK = 3
# Of one kind, what is shown where nothing more is asked for.
FIRST = 3


@click.command()
@click.argument("sessions", nargs=-1, required=True, metavar="SESSION...")
@format_option("the first few of each kind")
@json_option
@click.pass_context
def command(
    context: click.Context, sessions: tuple[str, ...], format: Format | None, as_json: bool
) -> None:
    """Warn of what is weak about sessions, each with its remedy.

    SESSION is the beginning of an id, a file, or `last` for all of the last run. What could not be
    read is listed apart: it is not known to be bad, nor to be good. The exit status is 3 where
    there is a warning.

    \b
    Example:
      bench check last
      bench check last --format table
    """
    from bench.check import check, unknown_conditions
    from bench.sessions.store import chosen
    from reports.text.fitting import fitted
    from reports.text.listing import column, listing
    from zoo.home import Home

    home = Home.default()
    found = chosen(home, sessions)
    warnings = check(found, home.inputs)
    unknown = sorted({line for session in found for line in unknown_conditions(session)})
    if as_json:
        value = {"warnings": [asdict(one) for one in warnings], "unknown": unknown}
        click.echo(json.dumps(value, indent=1))
    elif format:
        columns = [column(key, key) for key in ("about", "file", "seen", "remedy")]
        click.echo(listing(columns, [asdict(one) for one in warnings], format))
    else:
        told = [*_by_remedy(warnings), *map(_unknown, unknown)]
        told.append(_count(len(found), len(warnings)))
        click.echo(fitted("\n".join(told)))
    context.exit(WEAK if warnings else 0)


def _by_remedy(warnings: Sequence[Weakness]) -> list[str]:
    """What has the same remedy, but for the model, stands together, the most frequent first."""
    kinds = defaultdict[str, list["Weakness"]](list)
    for one in warnings:
        kinds[re.sub(r"--model (?:'[^']*'|\S)+", "--model NAME", one.remedy)].append(one)
    lines = []
    for remedy, alike in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        lines += [f"{one.about:12}  {one.file}: {one.seen}" for one in alike[:FIRST]]
        if len(alike) > FIRST:
            lines.append(f"and {len(alike) - FIRST} more like these: --format table lists all")
        (own, *others) = {one.remedy for one in alike}
        lines += [f"  next: {remedy if others else own}", ""]
    return lines


def _unknown(line: str) -> str:
    from reports.text.readings import title_of

    name, _, reason = line.partition(": ")
    return f"unknown  {title_of(name)}: {reason}"


def _count(sessions: int, warnings: int) -> str:
    told = {0: "no warning", 1: "1 warning"}.get(warnings, f"{warnings} warnings")
    return f"{sessions} session{'s' if sessions != 1 else ''}, {told}"
