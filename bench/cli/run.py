"""`bench run`: measure latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bench.cli.options import model_option

if TYPE_CHECKING:
    from bench.record import Session


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
    from tqdm import tqdm

    from bench.protocol import measure, schedule
    from bench.record import Plan
    from bench.store import read_all, write_session
    from bench.work import collect, still_missing
    from devices.find import find_device
    from zoo.files import Home
    from zoo.registry import select

    home, target = Home.default(), find_device(device)
    plan = Plan(sessions=sessions, warmup=warmup, samples=samples, seed=seed)
    work = collect(home, target, select(models), runtimes, precision, threads)
    if missing:
        work = still_missing(work, read_all(home).sessions, target, plan)
    if not work:
        click.echo("every session is there already")
        return
    failed = 0
    bar = tqdm(total=len(schedule(work, plan)), unit="session", disable=None, leave=False)
    with bar:
        for session in measure(target, work, plan):
            path = write_session(home, session)
            failed += session.failure is not None
            bar.update()
            tqdm.write(f"{_line(session)}  {path.name}")
    click.echo("next: bench report --open")
    context.exit(2 if failed else 0)


def _line(session: Session) -> str:
    from bench.stats import quantile
    from bench.verdict import verdict

    request, found = session.request, verdict(session)
    name = f"{request.model:22} {request.runtime:11} {request.precision}"
    if session.run is None or session.run.samples_ns is None:
        return f"{name}  {found.label}: {found.reason}"
    p50 = quantile(session.run.samples_ns, 0.5)
    return f"{name}  p50 {p50.value / 1e6:7.3f} ms  {found.label}"
