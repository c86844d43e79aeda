"""`bench devices`: where a model can be measured from here."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import adb_option, format_option, json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.text.listing import Format

PLUG_IN = "plug one in (docs/android.md), or try bench devices --emulate android"


@click.command()
@format_option()
@json_option
@adb_option
@click.option("--ray", metavar="ADDRESS", help="Of every machine of the farm at auto or HOST:PORT.")
@click.option(
    "--emulate",
    type=click.Choice(["android"]),
    help="Be a phone until Ctrl-C, behind the real adb, with inference on this machine.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME",
    help="Of the emulated phone: what it does wrong; `help` lists them. Repeatable.",
)
def command(
    format: Format,
    as_json: bool,
    adb: str | None,
    ray: str | None,
    emulate: str | None,
    faults: tuple[str, ...],
) -> None:
    """List the devices, their runtimes and their present conditions.

    Phones are those that adb lists (its server is started where none runs), each with what is
    wrong with it and what mends that.

    \b
    Example:
      bench devices --json
      bench devices --emulate android
      bench devices --ray auto
    """
    if faults and not emulate:
        raise click.UsageError("--fault is of an emulated phone: --emulate android")
    if emulate:
        from bench.cli.machine.emulate import run_phone

        run_phone(adb, faults)
        return
    if ray is not None:
        from bench.cli.farm.listing import list_on_ray

        list_on_ray(ray, as_json, format)
        return
    from bench.cli.farm.here import found_here
    from reports.text.fitting import fitted
    from reports.text.listing import column, listing

    found = found_here(adb) | {"by_page": _by_page()}
    rows = _rows(found)
    if as_json:
        click.echo(json.dumps({"devices": rows, **found}, indent=1))
        return
    columns = [column("device", "device"), column("what it is", "what"), column("next", "next")]
    click.echo(listing(columns, rows, format))
    if format == "table":
        click.echo("\n" + fitted("\n".join(_show_state(found))))


def _by_page() -> dict[str, dict[str, str | None]]:
    """What is measured in a page that it opens, and what to type."""
    from devices.browser.site import why_not_built

    reason = why_not_built()
    roads = {
        "iphone": "Safari's engine, by a page that it opens; the road to Core ML is not built",
        "browser": "any device, by a page that it opens",
    }
    return {
        kind: {
            "road": road,
            "reason": reason,
            "remedy": "make web" if reason else f"bench run --device {kind} --model NAME",
        }
        for kind, road in roads.items()
    }


def _rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """A record a device: its name for --device, what it is, whether it can be measured on now, and
    what to type."""
    here = found["host"]["info"]
    run = "bench run --device {} --model NAME"
    rows = [_row("host", _what(here), True, run.format("host"))]
    android = found["android"]
    if android["reason"]:
        rows.append(_row("android", android["reason"], False, android["remedy"]))
    elif not android["phones"]:
        rows.append(_row("android", "adb lists no phone", False, PLUG_IN))
    for phone in android["phones"]:
        name, info = f"android:{phone['serial']}", phone["info"]
        if info is None:
            rows.append(_row(name, phone["state"], False, phone["remedy"]))
        else:
            mark = "EMULATED, " if info["emulated"] else ""
            what = f"{mark}{info['name']}, {_what(info)}, {', '.join(phone['abis'])}"
            rows.append(_row(name, what, True, run.format(quote(name))))
    for kind, road in found["by_page"].items():
        rows.append(_row(kind, road["road"], road["reason"] is None, road["remedy"]))
    return rows


def _row(device: str, what: str, ready: bool, remedy: str | None) -> dict[str, Any]:
    return {"device": device, "what": what, "ready": ready, "next": remedy}


def _what(info: dict[str, Any]) -> str:
    memory_gib = info["memory_bytes"] / 2**30
    return f"{info['cpu']}, {info['cores']} cores, {memory_gib:.1f} GiB, {info['os']}"


def _show_state(found: dict[str, Any]) -> Iterator[str]:
    """Under the list: the runtimes here, and how each device is."""
    yield "runtimes of host"
    for name, runtime in found["host"]["runtimes"].items():
        yield f"  {name:18}  {runtime['version'] or 'not here: ' + str(runtime['reason'])}"
    yield from _conditions("host", found["host"]["conditions"])
    for phone in found["android"]["phones"]:
        if phone["info"]:
            yield from _conditions(f"android:{phone['serial']}", phone["conditions"])


def _conditions(device: str, conditions: dict[str, Any]) -> Iterator[str]:
    from devices.records import Reading
    from reports.text.readings import reading_lines

    yield f"conditions of {device}"
    yield from reading_lines({k: Reading.model_validate(v) for k, v in conditions.items()})
