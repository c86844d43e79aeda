"""`bench devices --ray`: every device of every machine, and who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from devices.records import DeviceInfo
    from zoo.cluster.join import Cluster
    from zoo.cluster.machines import Machine

GONE = "gone since its machine joined"
# Its workers give way to other work, and nothing holds them back beside a measurement.
NOT_OF_FARM = "not begun by bench farm: nothing is measured there"


@dataclass(frozen=True, kw_only=True)
class There:
    """A device of some machine. state: `ready`, `in use`, or why it cannot be measured on. user:
    the command that measures on it now."""

    machine: Machine
    device: str
    info: DeviceInfo | None
    state: str
    user: str | None

    @property
    def usable(self) -> bool:
        return self.state in ("ready", "in use")

    @property
    def name(self) -> str:
        return f"{self.device} on {self.machine.name}"


def list_on_ray(address: str, as_json: bool, format: Any) -> None:
    """Print them, one a line."""
    import json

    from reports.text.listing import column, listing
    from zoo.cluster.join import join_cluster

    with join_cluster(address, 1, 1) as cluster:
        machines, found = devices_on(cluster)
    rows = [_row(one) for one in found]
    rows += [_refused(one) for one in machines if one.problem]
    if as_json:
        click.echo(json.dumps({"devices": rows}, indent=1))
        return
    heads = ("machine", "device", "what", "state", "user")
    click.echo(listing([column(head, head) for head in heads], rows, format))


def devices_on(cluster: Cluster) -> tuple[list[Machine], list[There]]:
    """The machines, and the devices of those that can be used."""
    from zoo.cluster.machines import ask_all

    machines = ask_all(cluster, devices_here)
    return machines, [one for machine in machines for one in _there(machine)]


def devices_here() -> dict[str, Any]:
    """Asked of each machine: its devices as plain values; why phones cannot be listed, if so."""
    from bench.cli.farm.here import phones_here
    from devices.host.conditions import host_info
    from devices.records import DeviceInfo
    from zoo.base.lock import user_of

    # Something may be measured here meanwhile: no more is asked than what is told.
    found = phones_here(None, conditions=False)
    host = {"device": "host", "info": host_info().model_dump(), "state": "ready"}
    rows: list[dict[str, Any]] = [host]
    for phone in found["phones"]:
        state = "ready" if phone["info"] else phone["state"]
        rows.append({"device": f"android:{phone['serial']}", "info": phone["info"], "state": state})
    for row in rows:
        key = row["info"] and DeviceInfo.model_validate(row["info"]).key
        row["user"] = user_of(key) if key else None
    return {"devices": rows, "no_phones": found["reason"]}


def _there(machine: Machine) -> Iterator[There]:
    from devices.records import DeviceInfo
    from zoo.base.pictures import shown

    found = machine.found or {"devices": (), "no_phones": None}
    rows: Sequence[dict[str, Any]] = found["devices"]
    for row in rows:
        user = row["user"] and shown(row["user"])
        yield There(
            machine=machine,
            device=shown(row["device"]),
            info=DeviceInfo.model_validate(row["info"]) if row["info"] else None,
            state=_state(machine, row["state"], user),
            user=user,
        )
    known = {row["device"] for row in rows}
    for name in machine.declared:
        if not machine.problem and name not in known:
            state = shown(found["no_phones"] or GONE)
            yield There(machine=machine, device=name, info=None, state=state, user=None)


def _state(machine: Machine, told: str, user: str | None) -> str:
    from zoo.base.pictures import shown

    if not machine.of_farm:
        return NOT_OF_FARM
    return "in use" if user else shown(told)


def _row(one: There) -> dict[str, Any]:
    info = one.info
    mark = "EMULATED, " if info and info.emulated else ""
    return {
        "machine": one.machine.name,
        "machine_key": one.machine.key,
        "device": one.device,
        "what": f"{mark}{info.name}" if info else "",
        "state": one.state,
        "user": one.user or "",
    }


def _refused(machine: Machine) -> dict[str, Any]:
    row = {"machine": machine.name, "machine_key": machine.key, "device": "", "what": ""}
    return row | {"state": machine.problem, "user": ""}
