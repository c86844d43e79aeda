"""Joins the results of several machines: what must not be pooled stays apart, and is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from devices.records import DeviceInfo
from reports.stored.sessions import Sessions, Shared
from zoo.base.errors import RecordError
from zoo.base.files import sha256_of

# What tells two devices of one name apart.
FACTS = ("os", "cpu", "cores", "memory_bytes", "emulated", "unit")
MACHINE = "machine "


def merged(sessions: Sessions) -> tuple[Sessions, list[str]]:
    """Each session once, and devices that may be two apart; with what a reader must know of it.

    A phone is known by its unit, a host by the hash of its machine. Older sessions have none: those
    of equal hosts in two folders may be of two machines. Raises RecordError for two sessions of one
    id.
    """
    once = sessions.take(_firsts(sessions))
    device, owner = once.shared["device"], _owners(once)
    values, codes, told = list(device.values), device.codes.copy(), list[str]()
    for at in sorted(range(len(device.values)), key=lambda at: str(device.values[at].name)):
        info: DeviceInfo = device.values[at]
        of_it = device.codes == at
        owners = np.unique(owner.codes[of_it]).tolist()
        if info.unit is not None or len(owners) < 2:
            continue
        names = [str(owner.values[code]) for code in owners]
        told.append(_apart(info, names))
        for code, name in zip(owners, names, strict=True):
            codes[of_it & (owner.codes == code)] = len(values)
            values.append(info.model_copy(update={"name": f"{info.name} [{name}]"}))
    apart = Shared(values=tuple(values), codes=codes)
    there = {values[code] for code in np.unique(codes).tolist()}
    return once.changed(device=apart), told + _unlike(there)


def _owners(sessions: Sessions) -> Shared:
    """Whose each session is, as readers know it: a machine's, else that of the only machine whose
    sessions lie in the same home, else the home's."""
    home, machine = sessions.shared["home"], sessions.shared["machine"]
    # On whatever machine's cable a phone hung.
    hosts = sessions.shared["device"].where(lambda device: device.unit is None)
    both = np.stack([home.codes, np.where(hosts, machine.codes, -1)], axis=-1)
    pairs, places = np.unique(both, axis=0, return_inverse=True)
    known: dict[int, list[int]] = defaultdict(list)
    for where, which in pairs.tolist():
        if which >= 0:
            known[where].append(which)
    names = []
    for where, which in pairs.tolist():
        [owner] = known[where] if which < 0 and len(known[where]) == 1 else [which]
        told = home.values[where].root.name if owner < 0 else MACHINE + machine.values[owner]
        names.append(told)
    return Shared.of(names).take(places.reshape(-1))


def _apart(device: DeviceInfo, names: Sequence[str]) -> str:
    if all(name.startswith(MACHINE) for name in names):
        return f"{device.name} is {len(names)} machines: {' and '.join(names)}, kept apart"
    return (
        f"{device.name} is in {' and '.join(names)}: kept apart, for nothing tells whether it is "
        "one machine; to pool its sessions, put them into one folder"
    )


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
