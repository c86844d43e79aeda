"""`bench run --ray`: the same on every chosen device of a farm, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from bench.cli.spread import CHILD, PARTIAL, interrupted, show
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from bench.cli.farm.listing import There
    from bench.cli.farm.orders import RunOrder
    from zoo.catalogue import Model
    from zoo.home import Home

NOT_THERE = ("device", "all_phones", "ray", "resume", "program")


class _Row(NamedTuple):
    """What became of a device: how many sessions came, how it ended, and whether something of it
    was not measured."""

    device: str
    machine: str
    sessions: int
    end: str
    lost: bool


def run_on_farm(context: click.Context, home: Home, models: Sequence[Model]) -> int:
    """Measure, and keep each session as it comes; the exit status. Raises DeviceError where there
    is no such device, ClusterError."""
    from bench.cli.farm.listing import devices_on
    from bench.cli.farm.orders import RunOrder, earlier
    from devices.android.run.program import named_program, published
    from zoo.base.errors import DeviceError, FolderBusy
    from zoo.cluster.join import join_cluster
    from zoo.cluster.orders import run_orders

    words = (*CHILD, "run", *words_of(context, NOT_THERE))
    if context.params["adb"]:
        own = "bench farm join ADDRESS --adb PATH"
        raise click.UsageError(f"each computer has an adb of its own: {own}")
    program = named_program(context.params["program"])
    with join_cluster(context.params["ray"], 1, 1) as cluster:
        machines, there = devices_on(cluster)
        chosen, left_out = _chosen(there, context.params["device"], context.params["all_phones"])
        left_out += [_Row("", one.name, 0, one.problem, True) for one in machines if one.problem]
        orders = [
            RunOrder(
                home=home,
                there=one,
                models=tuple(models),
                words=(*words, "--device", one.device),
                program=program,
                checkpoints="torch" in context.params["runtimes"],
                received=earlier(home, one, models) if context.params["resume"] else {},
            )
            for one in chosen
        ]
        phones = [one.info for one in chosen if one.info and one.info.kind == "android"]
        if program is None and not all(phone.emulated for phone in phones):
            # Else each phone's computer would fetch it; where it cannot be had, they say so.
            with suppress(DeviceError, FolderBusy):
                published(home)
        before = {order.name: len(order.received) for order in orders}
        try:
            failed = show(run_orders(orders, cluster), "devices", len(orders))
        except KeyboardInterrupt:
            new = sum(len(order.received) - before[order.name] for order in orders)
            interrupted(new, resumes=True)
    rows = [_row(order, failed.get(order.name), before[order.name]) for order in orders]
    rows += left_out
    click.echo(_told(rows))
    return PARTIAL if any(row.lost for row in rows) else 0


def _chosen(there: Sequence[There], device: str, every: bool) -> tuple[list[There], list[_Row]]:
    """Those that are meant and can be used, and why not the others. A phone that two machines
    reach, as by Wi-Fi, is measured by the first."""
    from zoo.base.errors import DeviceError

    if device.partition(":")[0] not in ("host", "android"):
        raise click.UsageError("--ray is of hosts and of phones on a cable: --device host, android")
    meant = [one for one in there if device in (one.device, one.device.partition(":")[0])]
    usable: list[There] = []
    left_out: list[_Row] = []
    known: dict[str, There] = {}
    for one in meant:
        key = one.info.key if one.info and one.info.unit else one.name
        if not one.usable:
            left_out.append(_Row(one.device, one.machine.name, 0, one.state, True))
        elif key in known:
            end = f"measured from {known[key].machine.name}"
            left_out.append(_Row(one.device, one.machine.name, 0, end, False))
        else:
            known[key] = one
            usable.append(one)
    if not usable:
        why = "".join(f"; {one.device} on {one.machine}: {one.end}" for one in left_out)
        raise DeviceError(
            f"the farm has no {device} that can be measured on{why}",
            code="no_device",
            remedy="bench devices --ray auto",
        )
    if len(usable) > 1 and not every:
        raise DeviceError(
            f"{device} is {len(usable)} devices: {', '.join(one.name for one in usable)}",
            code="ambiguous_device",
            expected="one of them, or all",
            remedy="--all" if device == "host" else "--device android:SERIAL, or --all",
        )
    return usable, left_out


def _row(order: RunOrder, problem: str | None, before: int) -> _Row:
    """before: the sessions that it went on from."""
    new = len(order.received) - before
    went_well = "measured" if new else "every session is there already"
    there, lost = order.there, problem is not None
    return _Row(there.device, there.machine.name, new, problem or went_well, lost)


def _told(rows: Sequence[_Row]) -> str:
    """A device a line, and what to type next."""
    from reports.text.fitting import fitted, next_steps
    from reports.text.listing import column, listing

    columns = [column(name, name) for name in ("device", "machine", "sessions", "end")]
    table = listing(columns, [row._asdict() for row in rows], "table")
    return fitted("\n".join([table, next_steps(["bench report --open", "bench check last"])]))
