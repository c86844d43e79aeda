"""From the name a user types to the one device it means."""

from __future__ import annotations

from devices.base import Device
from zoo.errors import DeviceError, UnknownName

KINDS = ("host", "android", "iphone", "browser")


def find_device(name: str, deadline_s: float = 120.0) -> Device:
    """`host`, or a kind, alone or with `:SERIAL`; raises UnknownName or DeviceError.

    deadline_s: what one stage of a session may take.
    """
    kind = name.partition(":")[0]
    if kind not in KINDS or name.startswith("host:"):
        raise UnknownName.of("device", name, KINDS, "bench devices")
    reason = why_not_kind(kind)
    if reason is not None:
        raise DeviceError(f"{name}: {reason}", expected="host", remedy="bench devices")
    from devices.host import HostDevice

    return HostDevice(deadline_s)


def why_not_kind(kind: str) -> str | None:
    """Why this version can not measure on a kind of device; None when it can."""
    return None if kind == "host" else "this version has no adapter for it yet"
