"""Work that goes to the machines of a Ray, or to children here, as a command shows it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from zoo.base.children import Ended, Said
    from zoo.cluster.orders import Order

Command = TypeVar("Command", bound=Callable[..., Any])
CHILD = ("-m", "bench.cli.child")


def ray_option(what: str, workers: str = "--jobs") -> Callable[[Command], Command]:
    """--ray ADDRESS; what: to be done there, as its help says it; workers: how many a local one
    has."""
    return click.option(
        "--ray",
        metavar="ADDRESS",
        help=f"{what} on the machines of the Ray at auto or HOST:PORT; local starts one here, with "
        f"as many workers as {workers}. Needs the extra `cluster`.",
    )


def do_on_ray(ray: str, jobs: int, orders: Sequence[Order]) -> list[str]:
    """Have them done, as many at once on a machine as `jobs`; the names of those that failed."""
    from zoo.cluster.join import join_cluster
    from zoo.cluster.orders import run_orders

    if not orders:
        return []
    with join_cluster(ray, jobs, None) as cluster:
        failed = show(run_orders(orders, cluster), "variants", len(orders))
    if failed:
        click.echo(f"not done: {', '.join(failed)}; the same command goes on", err=True)
    return failed


def show(events: Generator[Said | Ended], what: str, total: int) -> list[str]:
    """A line an event, and on a terminal a bar over all; the names of those that failed."""
    from zoo.base.children import Said
    from zoo.base.progress import Bar, echo

    failed = []
    # Closed whatever happens, so that no child is left.
    with Bar(what, total, what, lines=False) as bar, closing(events):
        for event in events:
            if isinstance(event, Said):
                echo(event.line)
                continue
            bar.step()
            if event.problem is not None:
                failed.append(event.name)
                echo(f"{event.name}: {event.problem}")
    return failed
