"""The devices of this computer, asked anew: itself, and the phones on its cables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devices.android.adb.discovery import Visible


def found_here(adb: str | None) -> dict[str, Any]:
    """This machine, and the phones on its cables."""
    return {"host": _host(), "android": phones_here(adb)}


def _host() -> dict[str, Any]:
    from devices.find import find_device

    host = find_device("host")
    runtimes = {
        name: {"version": host.runtime_version(name) if why is None else None, "reason": why}
        for name, why in host.runtimes().items()
    }
    conditions = {name: reading.model_dump() for name, reading in host.conditions().items()}
    return {"info": host.info().model_dump(), "runtimes": runtimes, "conditions": conditions}


def phones_here(adb: str | None, *, conditions: bool = True) -> dict[str, Any]:
    """The phones that adb lists; why there is no list, where there is none. conditions: asked of
    them too, which takes a phone some of its time."""
    from devices.android.adb.client import Adb, find_adb
    from devices.android.adb.discovery import visible
    from zoo.base.errors import DeviceError

    try:
        client = Adb(program=find_adb(adb))
        listed = visible(client)
    except DeviceError as error:
        return {"phones": [], "reason": error.seen, "remedy": error.remedy}
    # One that hangs is not to hold up the others.
    with ThreadPoolExecutor(max(1, len(listed))) as pool:
        phones = list(pool.map(partial(_phone, client, conditions=conditions), listed))
    return {"phones": phones, "reason": None, "remedy": None}


def _phone(client: Any, one: Visible, *, conditions: bool) -> dict[str, Any]:
    """What one phone is and how it is; for one that cannot be asked, what mends that."""
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
            found = readings(adb.shell(COMMAND).out) if conditions else {}
        except DeviceError as error:
            return row | {"state": error.seen, "remedy": error.remedy}
        row |= {"info": phone.info().model_dump(), "abis": phone.abis}
        row["conditions"] = {name: reading.model_dump() for name, reading in found.items()}
    return row
