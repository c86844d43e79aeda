"""`bench run`: measure latency."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from bench.cli.options import model_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.protocol import Work
    from bench.record import Plan, Session
    from devices.base import Device
    from zoo.files import Home


@click.command()
@model_option()
@click.option("--device", default="host", show_default=True, help="host (others are to come).")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    metavar="NAME",
    help="onnxruntime, litert, torch, tensorflow, coreml. Repeatable.  "
    "[default: onnxruntime, litert, and coreml on a Mac]",
)
@click.option("--precision", default="fp32", show_default=True, help="Of the exported file.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--sessions",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Fresh processes an artifact; below 6 no interval can be given.",
)
@click.option("--warmup", type=click.IntRange(0), default=50, show_default=True)
@click.option("--samples", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the order of the sessions.")
@click.option("--missing", is_flag=True, help="Only the sessions that are not stored yet.")
@click.pass_context
def command(
    context: click.Context,
    models: tuple[str, ...],
    device: str,
    runtimes: tuple[str, ...],
    precision: str,
    threads: int,
    sessions: int,
    warmup: int,
    samples: int,
    seed: int,
    missing: bool,
) -> None:
    """Measure exported files; each session is a fresh process and a JSON file under results/.

    Never trains and never exports. Sessions of all the files are interleaved in a shuffled order.
    A session that fails is stored as such, the rest goes on, and the exit status is 2.

    \b
    Example:
      bench run --device host --model 'mnv2_unet_0.35_*'
    """
    from bench.record import Plan
    from bench.store import read_all
    from bench.work import collect, still_missing
    from devices.find import find_device
    from zoo.files import Home
    from zoo.lock import locked
    from zoo.registry import select

    home, target, specs = Home.default(), find_device(device), select(models)
    plan = Plan(sessions=sessions, warmup=warmup, samples=samples, seed=seed)
    with ExitStack() as held:
        # Two measurements at once disturb each other, and the files are not to change meanwhile.
        held.enter_context(locked(home.device_results(target.info().kind)))
        for spec in specs:
            held.enter_context(locked(home.artifact_folder(spec), shared=True))
        work = collect(home, target, specs, runtimes, precision, threads)
        if missing:
            work = still_missing(work, read_all(home).sessions, target, plan)
        failed = _measure(home, target, work, plan)
    if not work:
        click.echo("every session is there already")
        return
    click.echo("next: bench report --open")
    context.exit(2 if failed else 0)


def _measure(home: Home, target: Device, work: Sequence[Work], plan: Plan) -> int:
    """Store each session as it ends; returns how many failed."""
    from tqdm import tqdm

    from bench.protocol import measure, schedule
    from bench.store import write_session

    failed = 0
    total = len(schedule(work, plan))
    with tqdm(total=total, unit="session", disable=None, leave=False) as bar:
        for session in measure(target, work, plan):
            path = write_session(home, session)
            failed += session.failure is not None
            bar.update()
            tqdm.write(f"{_line(session)}  {path.name}")
    return failed


def _line(session: Session) -> str:
    from bench.stats import quantile
    from bench.verdict import verdict

    request, found = session.request, verdict(session)
    name = f"{request.model:22} {request.runtime:11} {request.precision}"
    if session.run is None or session.run.samples_ns is None:
        return f"{name}  {found.label}: {found.reason}"
    p50 = quantile(session.run.samples_ns, 0.5)
    return f"{name}  p50 {p50.value / 1e6:7.3f} ms  {found.label}"
