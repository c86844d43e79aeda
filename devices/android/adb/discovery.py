"""Which phones adb sees, and of one that cannot be used: why, and what mends it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from shlex import quote

from devices.android.adb.client import REMEDIES, Adb
from zoo.base.errors import DeviceError
from zoo.base.pictures import shown

READY = "device"
# How long a person at a terminal has to accept the phone's question.
ACCEPT_S = 30.0
# A serial may hold blanks. So a line is read from the states that adb has, and from what may follow
# one: words such as `usb:1-1`, or why there is no permission.
_STATES = (
    "device|offline|unauthorized|authorizing|connecting|detached|bootloader|recovery|sideload"
    "|rescue|host|unknown"
)
_REST = r"(?:\s+\w+:.*)?"
_LINES = (
    re.compile(rf"^(\S.{{0,300}}?)\s{{1,30}}({_STATES})({_REST})$"),
    re.compile(r"^(\S.{0,300}?)\s{1,30}(no permissions)(\W.*)?$"),
    # A state of a later adb.
    re.compile(rf"^(\S+)\s+(\S+)({_REST})$"),
)
_NO_SERIAL = "(no serial number)"
_CODES = {
    "unauthorized": "unauthorized",
    "offline": "offline",
    "no permissions": "no_permission",
    "authorizing": "offline",
    "connecting": "offline",
}
_OTHER = {
    "recovery": "adb reboot",
    "sideload": "adb reboot",
    "bootloader": "fastboot reboot",
    "rescue": "adb reboot",
}


@dataclass(frozen=True, kw_only=True)
class Visible:
    """One line of `adb devices -l`."""

    serial: str
    state: str
    model: str | None

    @property
    def remedy(self) -> str | None:
        """What to do about its state; None where it is ready."""
        if self.state == READY:
            return None
        code = _CODES.get(self.state)
        return REMEDIES[code] if code else _OTHER.get(self.state, "plug the phone in again")

    def error(self) -> DeviceError:
        code = _CODES.get(self.state, "no_device")
        return DeviceError(
            f"android:{self.serial} is {self.state}",
            code=code,
            expected="a phone in state 'device'",
            remedy=self.remedy or "",
        )


def visible(adb: Adb) -> list[Visible]:
    """All that adb lists, usable or not; starts its server where none runs. Raises DeviceError."""
    called = replace(adb, serial=None).call("devices", "-l")
    if called.status != 0:
        code = called.code or "no_tool"
        raise DeviceError(f"adb: {called.complaint}", code=code, remedy=REMEDIES[code])
    return [one for line in called.out.splitlines() if (one := _read(line.strip()))]


def _read(line: str) -> Visible | None:
    """None for what is no phone's line."""
    if line.startswith(("List of devices", "*")):
        return None
    match = next((found for pattern in _LINES if (found := pattern.match(line))), None)
    if match is None:
        return None
    serial, state, rest = match[1], match[2], match[3] or ""
    model, port = re.search(r"\smodel:(\S+)", rest), re.search(r"\s(usb:\S+)", rest)
    if serial == _NO_SERIAL and port:
        # adb takes the port in the serial's place.
        serial = port[1]
    return Visible(
        serial=shown(serial), state=shown(state), model=shown(model[1]) if model else None
    )


def choose(adb: Adb, serial: str | None, accept_s: float | None = None) -> str:
    """The serial of the one phone that is meant: named, by ANDROID_SERIAL, or the only one there.

    Waits for a person to accept the phone's question, and reconnects an offline one once. Raises
    DeviceError naming what is there.
    """
    serial = serial or adb.environment.get("ANDROID_SERIAL") or None
    if accept_s is None:
        accept_s = ACCEPT_S if sys.stderr.isatty() else 0.0
    one = _pick(visible(adb), serial)
    if one.state == "offline":
        reconnect(adb, one.serial)
        one = _pick(visible(adb), one.serial)
    until = time.monotonic() + accept_s
    while one.state in ("unauthorized", "authorizing") and time.monotonic() < until:
        time.sleep(1.0)
        one = _pick(visible(adb), one.serial)
    if one.state != READY:
        raise one.error()
    return one.serial


def _pick(found: Sequence[Visible], serial: str | None) -> Visible:
    listed = ", ".join(f"{one.serial} ({one.state})" for one in found) or "none"
    if serial is not None:
        named = [one for one in found if one.serial == serial]
        if not named:
            raise DeviceError(
                f"no phone android:{serial}",
                code="no_device",
                expected=f"one of those that adb lists: {listed}",
                remedy=REMEDIES["no_device"],
            )
        return named[0]
    ready = [one for one in found if one.state == READY] or list(found)
    if not ready:
        raise DeviceError("adb lists no phone", code="no_device", remedy=REMEDIES["no_device"])
    if len(ready) > 1:
        raise DeviceError(
            f"android may be any of {len(ready)} phones: {listed}",
            code="ambiguous_device",
            remedy=f"--device {quote(f'android:{ready[0].serial}')}, or --all",
        )
    return ready[0]


def reconnect(adb: Adb, serial: str) -> None:
    """Ask for a phone that is offline or gone, once. Over a network its address is dialled."""
    if re.fullmatch(r"[A-Za-z0-9.\-]+:\d{1,5}", serial):
        anyone = replace(adb, serial=None)
        anyone.call("disconnect", serial)
        anyone.call("connect", serial)
    else:
        replace(adb, serial=None).call("reconnect", "offline")
    time.sleep(0.5)


def await_return(adb: Adb, limit_s: float) -> bool:
    """Whether a phone that was lost is there again within limit_s."""
    assert adb.serial
    until, pause_s = time.monotonic() + limit_s, 0.5
    while True:
        reconnect(adb, adb.serial)
        found = [one for one in visible(adb) if one.serial == adb.serial]
        if found and found[0].state == READY:
            return True
        if time.monotonic() + pause_s > until:
            return False
        # Tight retries have killed adb servers.
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 8.0)
