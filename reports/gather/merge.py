"""Joins the results of several machines: what must not be pooled stays apart, and is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from devices.base import DeviceInfo
from reports.gather.digest import Digest
from zoo.base.errors import RecordError
from zoo.base.files import sha256_of
from zoo.home import Home

# What tells two devices of one name apart.
FACTS = ("os", "cpu", "cores", "memory_bytes", "emulated", "unit")


def merged(digests: Sequence[Digest]) -> tuple[list[Digest], list[str]]:
    """Each session once, and devices of two folders apart; with what a reader must know of it.

    A phone is known by its unit. Hosts are stored without a name, so that equal ones in two
    folders may be two machines. Raises RecordError for two sessions of one id.
    """
    once = _once(digests)
    homes: dict[DeviceInfo, set[Home]] = defaultdict(set)
    for digest in once:
        homes[digest.device].add(digest.home)
    twice = {device for device, where in homes.items() if len(where) > 1 and device.unit is None}
    told = [
        f"{device.name} is in {_names(homes[device])}: kept apart, for nothing tells whether it is "
        "one machine; to pool its sessions, put them into one folder"
        for device in sorted(twice, key=lambda device: device.name)
    ]
    apart = [
        replace(digest, device=_marked(digest.device, digest.home))
        if digest.device in twice
        else digest
        for digest in once
    ]
    return apart, told + _unlike({digest.device for digest in apart})


def _once(digests: Iterable[Digest]) -> list[Digest]:
    found: dict[str, Digest] = {}
    for digest in digests:
        first = found.setdefault(digest.id, digest)
        if first is not digest and sha256_of(first.path) != sha256_of(digest.path):
            raise RecordError(
                f"{first.path} and {digest.path} are of one id, and differ",
                expected="two copies of a session to be the same",
                remedy="remove the one that was changed",
            )
    return list(found.values())


def _marked(device: DeviceInfo, home: Home) -> DeviceInfo:
    return device.model_copy(update={"name": f"{device.name} [{home.root.name}]"})


def _names(homes: Iterable[Home]) -> str:
    return " and ".join(sorted(home.root.name for home in homes))


def _unlike(devices: Iterable[DeviceInfo]) -> list[str]:
    """Devices of one name that differ, with the key and both values."""
    named: dict[tuple[str, str], list[DeviceInfo]] = defaultdict(list)
    for device in devices:
        named[device.kind, device.name].append(device)
    told = []
    for alike in named.values():
        first, *others = sorted(alike, key=lambda device: device.model_dump_json())
        for other in others:
            for key in FACTS:
                one, two = getattr(first, key), getattr(other, key)
                if one != two:
                    told.append(f"{first.name}: kept apart, {key} is {one!r} and {two!r}")
    return told
