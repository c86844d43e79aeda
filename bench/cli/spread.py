"""Work that goes to the machines of a Ray, or to children here, as a command shows it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from train.cluster.files import FilesOrder
    from zoo.base.children import Ended, Said
    from zoo.spec import ModelSpec

Command = TypeVar("Command", bound=Callable[..., Any])
CHILD = ("-m", "bench.cli.child")
# The exit status where something was not measured, and that of Ctrl-C.
PARTIAL = 3
INTERRUPTED = 130


def ray_option(what: str, workers: str = "--jobs") -> Callable[[Command], Command]:
    """--ray ADDRESS; what: to be done there, as its help says it; workers: how many a local one
    has."""
    return click.option(
        "--ray",
        metavar="ADDRESS",
        help=f"{what} on the machines of the Ray at auto or HOST:PORT; local starts one here, with "
        f"as many workers as {workers}. Needs the extra `cluster`.",
    )


def do_on_ray(
    ray: str,
    jobs: int,
    specs: Sequence[ModelSpec],
    packages: Sequence[str],
    order_of: Callable[[tuple[ModelSpec, ...]], FilesOrder],
) -> list[ModelSpec]:
    """Have the orders of these variants done, as many at once on a machine as `jobs`; the variants
    of the orders that failed. packages: that a machine must have as they are here. What is told
    goes to standard error, for standard output is for what the command finds."""
    from train.cluster.files import in_parts
    from zoo.base.progress import say
    from zoo.cluster.join import join_cluster
    from zoo.cluster.machines import fit_for
    from zoo.cluster.orders import run_orders

    if not specs:
        return []
    with join_cluster(ray, jobs, None) as joined:
        cluster = fit_for(joined, packages)
        orders = [order_of(part) for part in in_parts(specs, cluster.workers)]
        ended = show(run_orders(orders, cluster), "orders", len(orders), say)
    return [spec for one in orders if one.name in ended for spec in one.specs]


def say_undone(names: Sequence[str]) -> None:
    if names:
        click.echo(f"not done: {', '.join(names)}; the same command goes on", err=True)


def show(
    events: Generator[Said | Ended],
    what: str,
    total: int,
    tell: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """A line an event, and on a terminal a bar over all; those that failed, by name, and why. tell:
    by default to standard output."""
    from zoo.base.children import Said
    from zoo.base.progress import Bar, echo

    tell = tell or echo
    failed = dict[str, str]()
    # Closed whatever happens, so that no child is left.
    with Bar(what, total, what, lines=False) as bar, closing(events):
        for event in events:
            if isinstance(event, Said):
                tell(event.line)
                continue
            bar.step()
            if event.problem is not None:
                failed[event.name] = event.problem
                tell(f"{event.name}: {event.problem}")
    return failed


def interrupted(count: int, *, resumes: bool) -> NoReturn:
    """Say what is stored, and end the command. count: of sessions; resumes: whether it can."""
    on = "with --resume goes on from there" if resumes else "measures again"
    click.echo(f"interrupted: {count} sessions are stored; the same command {on}", err=True)
    raise click.exceptions.Exit(INTERRUPTED) from None
