"""`bench devices --emulate android`: a phone that is a program, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence

import click


def run_phone(adb: str | None, faults: Sequence[str]) -> None:
    """Be a phone that the running adb server knows, and leave it when told to end."""
    from devices.android.adb.client import Adb, find_adb
    from devices.emulated.faults import FAULTS
    from devices.emulated.phone import EmulatedPhone
    from zoo.base.errors import DeviceError, UnknownName

    if "help" in faults:
        click.echo("\n".join(f"{name:16} {what}" for name, what in FAULTS.items()))
        return
    for name in faults:
        if name not in FAULTS:
            raise UnknownName.of("fault", name, FAULTS, "--fault help")
    client = Adb(program=find_adb(adb))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with EmulatedPhone(faults=faults) as phone:
        called = client.call("connect", phone.address)
        if not faults and "connected to" not in called.out:
            raise DeviceError(
                f"adb connect: {called.complaint}",
                expected="an adb server of this user, which has the key ~/.android/adbkey",
                remedy="adb kill-server",
            )
        click.echo(
            f"an emulated phone is there as android:{phone.address}; in another terminal:\n"
            f"  bench run --device android:{phone.address} --model mnv2_slim_unet_0.35_128\n"
            "Ctrl-C ends it"
        )
        ended.wait()
        client.call("disconnect", phone.address)
