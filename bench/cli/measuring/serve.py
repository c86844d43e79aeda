"""`bench serve`: measure in the browsers of phones, several at once; and `bench demo`."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from bench.cli.measuring.device_options import PAGE_OPTIONS
from bench.cli.options import Percent, adding, model_option, threads_option, timed_precisions_option
from bench.cli.signals import ending_signals, handled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.browsers import Measured
    from devices.browser.pages import Pages
    from devices.browser.serving import Where

WAIT_S = 0.2
_IDLE = click.option(
    "--idle",
    type=click.FloatRange(1, 86_400),
    default=1800.0,
    show_default=True,
    metavar="S",
    help="End by itself when nothing has happened for so long.",
)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where the page is served."""
    return adding(command, (*PAGE_OPTIONS, _IDLE))


@click.command()
@model_option(required=False)
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    metavar="NAME",
    help="litert, litert-webgpu, onnxruntime, onnxruntime-webgpu. Repeatable.  [default: litert]",
)
@timed_precisions_option
@threads_option
@click.option(
    "--target",
    type=Percent(),
    default="2%",
    show_default=True,
    help="Passes go on until the interval of each relative latency is so narrow.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=900.0,
    show_default=True,
    metavar="S",
    help="Of each phone, once each model has six passes.",
)
@server_options
@click.option("--forget", is_flag=True, help="Delete the root that signs certificates, and end.")
def command(
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    precisions: tuple[str, ...],
    threads: int,
    target: float,
    time_limit: float,
    forget: bool,
    network: bool,
    address: str | None,
    port: int,
    plain: bool,
    idle: float,
) -> None:
    """Measure exported models in any phone's browser: scan the code, tap Start.

    Each phone is measured as it comes, several at once. Sessions are stored as they end. Ctrl-C
    ends it; so does --idle.

    \b
    Example:
      bench serve --network --model 'mnv2_slim_unet_0.35_*'
      bench serve --forget
    """
    from bench.browsers import Asked, Measuring
    from bench.cli.measuring.browser import ASKED, offered_by, server_for
    from bench.cli.measuring.expected import torch_masks
    from devices.browser.pages import Pages
    from devices.browser.serving import Where
    from zoo.base.errors import MissingStep
    from zoo.base.lock import locked
    from zoo.home import Home
    from zoo.registry import select
    from zoo.spec import ZOO

    if forget:
        _forget()
        return
    home, specs = Home.default(), select(models or [f"{ZOO}_*"])
    asked = Asked(
        specs=specs,
        runtimes=runtimes,
        precisions=precisions,
        threads=threads,
        target=target,
        limit_s=time_limit,
    )
    offered = offered_by(home, ASKED["browser"], measures=True)
    if not offered.files:
        raise MissingStep("no exported file is there to be measured", remedy="make zoo")
    measuring = Measuring(home, asked, offered, torch_masks(home), tell)
    pages = Pages(arrived=measuring.begin)
    where = Where(network=network, address=address, port=port, plain=plain)
    with ExitStack() as held:
        for spec in specs:
            held.enter_context(locked(home.artifact_folder(spec), shared=True))
        ended = held.enter_context(_ended_by_signals())
        held.enter_context(server_for(where, pages, offered))
        _until_idle(ended, idle, pages, lambda: measuring.busy)
    measuring.wait()
    _tell_end(measuring.measured)


def serve_demo(where: Where, idle_s: float) -> None:
    """The page's second tab alone, until Ctrl-C."""
    from bench.cli.measuring.browser import offered_by, server_for
    from devices.browser.pages import Pages
    from zoo.base.errors import MissingStep
    from zoo.home import Home

    offered = offered_by(Home.default(), "", measures=False)
    if not offered.files:
        raise MissingStep("no exported file is there to be tried", remedy="make zoo")
    pages = Pages(refuses=lambda join: "This address is for trying, not for measuring.")
    with _ended_by_signals() as ended, server_for(where, pages, offered):
        _until_idle(ended, idle_s, pages, lambda: False)


def _forget() -> None:
    from devices.browser import certificate

    there = certificate.forget(certificate.default_folder())
    click.echo("the root is deleted" if there else "there was none")
    click.echo("take it off each phone too: docs/browser.md")


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C, by SIGTERM and by SIGHUP."""
    ended = threading.Event()
    with handled((signal.SIGINT, *ending_signals()), lambda number, frame: ended.set()):
        yield ended


def _until_idle(
    ended: threading.Event, idle_s: float, pages: Pages, busy: Callable[[], bool]
) -> None:
    last = time.monotonic()
    while not ended.wait(WAIT_S):
        last = time.monotonic() if busy() else max(last, pages.heard)
        if time.monotonic() - last > idle_s:
            click.echo(f"nothing has happened for {idle_s:g} s", err=True)
            return


def tell(line: str) -> None:
    """Standard output is for the result."""
    click.echo(line, err=True)


def _tell_end(measured: list[Measured]) -> None:
    for one in measured:
        click.echo(f"{one.device.name}, {one.device.os}: {one.sessions} sessions stored")
        for line in one.lines:
            click.echo(f"  {line}")
        if one.problem:
            click.echo(f"  ended early: {one.problem}")
    if any(one.sessions for one in measured):
        click.echo("next: bench report --open")
