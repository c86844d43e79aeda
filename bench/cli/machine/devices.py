"""`bench devices`: where a model can be measured from here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import json_option

if TYPE_CHECKING:
    from devices.android.adb.discovery import Visible


@click.command()
@json_option
@click.option("--adb", metavar="PATH", help="[default: ANDROID_HOME's, else PATH's]")
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
def command(as_json: bool, adb: str | None, emulate: str | None, faults: tuple[str, ...]) -> None:
    """List the devices, their runtimes and their present conditions.

    Phones are those that adb lists (its server is started where none runs), each with what is
    wrong with it and what mends that.

    \b
    Example:
      bench devices --json
      bench devices --emulate android
    """
    if faults and not emulate:
        raise click.UsageError("--fault is of an emulated phone: --emulate android")
    if emulate:
        from bench.cli.machine.emulate import run_phone

        run_phone(adb, faults)
        return
    found = {"host": _host(), "android": _android(adb), "by_page": _by_page()}
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    _show_host(found["host"])
    _show_android(found["android"])
    for kind, road in found["by_page"].items():
        click.echo(f"{kind}: {road['road']}\n  > {road['remedy']}")


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


def _host() -> dict[str, Any]:
    from devices.find import find_device

    host = find_device("host")
    runtimes = {
        name: {"version": host.runtime_version(name) if why is None else None, "reason": why}
        for name, why in host.runtimes().items()
    }
    conditions = {name: reading.model_dump() for name, reading in host.conditions().items()}
    return {"info": host.info().model_dump(), "runtimes": runtimes, "conditions": conditions}


def _android(adb: str | None) -> dict[str, Any]:
    """The phones that adb lists; why there is no list, where there is none."""
    from devices.android.adb.client import Adb, find_adb
    from devices.android.adb.discovery import visible
    from zoo.base.errors import DeviceError

    try:
        client = Adb(program=find_adb(adb))
        listed = visible(client)
    except DeviceError as error:
        return {"phones": [], "reason": error.seen, "remedy": error.remedy}
    return {"phones": [_phone(client, one) for one in listed], "reason": None, "remedy": None}


def _phone(client: Any, one: Visible) -> dict[str, Any]:
    """What one phone is and how it is; for one that can not be asked, what mends that."""
    from dataclasses import replace

    from devices.android.adb.conditions import COMMAND, readings
    from devices.android.adb.phone import read_phone
    from zoo.base.errors import DeviceError

    row: dict[str, Any] = {"serial": one.serial, "state": one.state, "remedy": one.remedy}
    row |= {"info": None, "abis": [], "conditions": {}}
    if one.remedy is None:
        adb = replace(client, serial=one.serial)
        try:
            phone = read_phone(adb)
            found = readings(adb.shell(COMMAND).out)
        except DeviceError as error:
            return row | {"state": error.seen, "remedy": error.remedy}
        row |= {"info": phone.info().model_dump(), "abis": phone.abis}
        row["conditions"] = {name: reading.model_dump() for name, reading in found.items()}
    return row


def _show_host(host: dict[str, Any]) -> None:
    info = host["info"]
    memory_gib = info["memory_bytes"] / 2**30
    click.echo(f"host: {info['cpu']}, {info['cores']} cores, {memory_gib:.1f} GiB, {info['os']}")
    for name, found in host["runtimes"].items():
        click.echo(f"  {name:24} {found['version'] or 'not here: ' + str(found['reason'])}")
    _show_readings(host["conditions"])


def _show_android(android: dict[str, Any]) -> None:
    if android["reason"]:
        click.echo(f"android: {android['reason']}\n  > {android['remedy']}")
    elif not android["phones"]:
        click.echo(
            "android: adb lists no phone\n  > plug one in (docs/android.md), or try "
            "bench devices --emulate android"
        )
    for row in android["phones"]:
        if row["info"] is None:
            click.echo(f"android:{row['serial']}: {row['state']}\n  > {row['remedy']}")
            continue
        info = row["info"]
        mark = "EMULATED, " if info["emulated"] else ""
        click.echo(
            f"android:{row['serial']}: {mark}{info['name']}, {info['cpu']}, {info['cores']} cores, "
            f"{info['memory_bytes'] / 2**30:.1f} GiB, {info['os']}, {', '.join(row['abis'])}"
        )
        _show_readings(row["conditions"])


def _show_readings(readings: dict[str, Any]) -> None:
    for name, reading in readings.items():
        known = reading["reason"] is None
        click.echo(f"  {name:24} {reading['value'] if known else 'unknown: ' + reading['reason']}")
