"""From the name a user types to the one device it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.base import Device
from zoo.base.errors import DeviceError, UnknownName

if TYPE_CHECKING:
    from devices.android.device import Options

KINDS = ("host", "android", "iphone", "browser")
HERE = ("host", "android")
# Measured through a page that the device opens: by a command that serves it.
BY_PAGE = ("iphone", "browser")


def find_device(name: str, deadline_s: float = 120.0, android: Options | None = None) -> Device:
    """`host`, or a kind, alone or with `:SERIAL`; raises UnknownName or DeviceError.

    deadline_s: what one stage of a session may take. android: of such a phone; by itself it is
    measured as it is.
    """
    kind, _, serial = name.partition(":")
    if kind not in KINDS or name.startswith("host:"):
        raise UnknownName.of("device", name, KINDS, "bench devices")
    if kind in BY_PAGE:
        raise DeviceError(
            f"{name}: it has to open a page first",
            expected=" or ".join(HERE),
            remedy=f"bench run --device {kind} --model NAME",
        )
    if kind == "android":
        from devices.android.device import AndroidDevice, Options

        return AndroidDevice(serial or None, deadline_s, android or Options())
    from devices.host.device import HostDevice

    return HostDevice(deadline_s)
