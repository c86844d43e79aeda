"""`bench run --ray`: the same on every chosen device of a farm, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from bench.cli.spread import CHILD, show
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from bench.cli.farm.listing import There
    from bench.cli.farm.orders import RunOrder
    from zoo.catalogue import Model
    from zoo.home import Home

PARTIAL = 3
NOT_THERE = ("device", "all_phones", "ray", "resume")


def run_on_farm(context: click.Context, home: Home, models: Sequence[Model]) -> int:
    """Measure, and keep each session as it comes; the exit status. Raises DeviceError where there
    is no such device, ClusterError."""
    from bench.cli.farm.listing import devices_on
    from bench.cli.farm.orders import RunOrder, earlier
    from zoo.cluster.join import join_cluster
    from zoo.cluster.orders import run_orders

    words = (*CHILD, "run", *words_of(context, NOT_THERE))
    with join_cluster(context.params["ray"], 1, 1) as cluster:
        machines, there = devices_on(cluster)
        for machine in machines:
            if machine.problem:
                click.echo(f"left out: {machine.problem}", err=True)
        chosen = _chosen(there, context.params["device"], context.params["all_phones"])
        orders = [
            RunOrder(
                home=home,
                there=one,
                models=tuple(models),
                words=(*words, "--device", one.device),
                received=earlier(home, one, models) if context.params["resume"] else {},
            )
            for one in chosen
        ]
        before = {order.name: len(order.received) for order in orders}
        failed = show(run_orders(orders, cluster), "devices", len(orders))
    click.echo(_told(orders, failed, before))
    return PARTIAL if failed else 0


def _chosen(there: Sequence[There], device: str, every: bool) -> list[There]:
    """Those that are meant and can be used; the others are told."""
    from zoo.base.errors import DeviceError

    if device.partition(":")[0] not in ("host", "android"):
        raise click.UsageError("--ray is of hosts and of phones on a cable: --device host, android")
    meant = [one for one in there if device in (one.device, one.device.partition(":")[0])]
    for one in meant:
        if not one.usable:
            click.echo(f"left out: {one.name}: {one.state}", err=True)
    usable = [one for one in meant if one.usable]
    if not usable:
        raise DeviceError(
            f"the farm has no {device} that can be measured on",
            code="no_device",
            remedy="bench devices --ray auto",
        )
    if len(usable) > 1 and not every:
        raise DeviceError(
            f"{device} is {len(usable)} devices: {', '.join(one.name for one in usable)}",
            code="ambiguous_device",
            expected="one of them, or all",
            remedy="--device android:SERIAL, or --all",
        )
    return usable


def _told(orders: Sequence[RunOrder], failed: Sequence[str], before: Mapping[str, int]) -> str:
    """A device a line, and what to type next. before: the sessions that each went on from."""
    from reports.text.fitting import fitted, next_steps
    from reports.text.listing import column, listing

    rows = []
    for order in orders:
        new = len(order.received) - before[order.name]
        went_well = "measured" if new else "every session is there already"
        rows.append(
            {
                "device": order.there.device,
                "machine": order.there.machine.name,
                "sessions": new,
                "end": "not all went well" if order.name in failed else went_well,
            }
        )
    heads = ("device", "machine", "sessions", "end")
    table = listing([column(head, head) for head in heads], rows, "table")
    return fitted("\n".join([table, next_steps(["bench report --open", "bench check last"])]))
