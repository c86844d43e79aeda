"""Joins the results of several machines: what must not be pooled stays apart, and is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from devices.records import DeviceInfo
from reports.stored.sessions import Sessions, Shared
from zoo.base.errors import RecordError
from zoo.base.files import sha256_of
from zoo.home import Home

# What tells two devices of one name apart.
FACTS = ("os", "cpu", "cores", "memory_bytes", "emulated", "unit")


def merged(sessions: Sessions) -> tuple[Sessions, list[str]]:
    """Each session once, and devices of two folders apart; with what a reader must know of it.

    A phone is known by its unit. Hosts are stored without a name, so that equal ones in two
    folders may be two machines. Raises RecordError for two sessions of one id.
    """
    once = sessions.take(_firsts(sessions))
    device, home = once.shared["device"], once.shared["home"]
    pairs = np.unique(np.stack([device.codes, home.codes], axis=-1), axis=0).tolist()
    homes: dict[int, list[int]] = defaultdict(list)
    for at, where in pairs:
        homes[at].append(where)
    twice = [at for at in homes if len(homes[at]) > 1 and device.values[at].unit is None]
    told = [
        f"{device.values[at].name} is in {_names(home.values[where] for where in homes[at])}: kept "
        "apart, for nothing tells whether it is one machine; to pool its sessions, put them into "
        "one folder"
        for at in sorted(twice, key=lambda at: str(device.values[at].name))
    ]
    values, codes = list(device.values), device.codes.copy()
    for at in twice:
        for where in homes[at]:
            codes[(device.codes == at) & (home.codes == where)] = len(values)
            values.append(_marked(device.values[at], home.values[where]))
    apart = Shared(values=tuple(values), codes=codes)
    there = {values[code] for code in np.unique(codes).tolist()}
    return once.changed(device=apart), told + _unlike(there)


def _firsts(sessions: Sessions) -> NDArray[np.intp]:
    """The place of each session, of two copies that of the first."""
    order = np.argsort(sessions.ids, kind="stable")
    copies = np.flatnonzero(sessions.ids[order][1:] == sessions.ids[order][:-1]) + 1
    for one, other in zip(order[copies - 1].tolist(), order[copies].tolist(), strict=True):
        first, second = sessions.path(one), sessions.path(other)
        if sha256_of(first) != sha256_of(second):
            raise RecordError(
                f"{first} and {second} are of one id, and differ",
                expected="two copies of a session to be the same",
                remedy="remove the one that was changed",
            )
    return np.sort(np.delete(order, copies))


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
