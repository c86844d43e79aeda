"""`bench profile`: where a phone spends its time, operator by operator."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.measuring.device_options import device_of, device_options
from bench.cli.measuring.own_files import own_file_options
from bench.cli.options import PictureFile, deadline_option, format_option, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.android.run.profile import Operator
    from reports.text.listing import Column, Format

COSTLIEST = 10


@click.command()
@click.argument("what", metavar="MODEL")
@device_options
@click.option("--runtime", default="litert", show_default=True, help="litert, litert-gpu.")
@click.option("--precision", default="fp32", show_default=True, help="Of the exported file.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@own_file_options
@deadline_option
@click.option(
    "--plot",
    type=PictureFile(".png"),
    metavar="PNG",
    help="[default: MODEL.profile.png]",
)
@format_option("by kind, and the costliest")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    what: str,
    runtime: str,
    precision: str,
    threads: int,
    inputs: tuple[str, ...],
    signature: str | None,
    plot: Path | None,
    format: Format | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure a model, or a .tflite FILE, by operator, on a phone.

    This is a separate pass. Profiling slows the model down, so these times compare operators and
    are not latencies. Needs the interpreter's benchmark_model (docs/android.md).

    \b
    Example:
      bench profile mnv2_slim_unet_0.5_224 --device android
    """
    from bench.work.chosen import named
    from bench.work.find import find
    from bench.work.subject import Subject, subject_of
    from devices.android.device import AndroidDevice
    from reports.pictures.profile import draw_profile
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from zoo.base.errors import DeviceError
    from zoo.base.lock import locked
    from zoo.home import Home

    home = Home.default()
    on = context.with_resource(device_of(home, options))
    if not isinstance(on, AndroidDevice):
        raise DeviceError(
            "operators are timed on phones only",
            expected="--device android",
            remedy="bench devices --emulate android",
        )
    context.with_resource(locked(home.device_results(on.info().key)))
    subject = Subject(
        what=subject_of(home, what),
        runtime=runtime,
        precision=precision,
        threads=threads,
        inputs=inputs,
        signature=signature,
    )
    (work,) = named([find(home, on, subject)], inputs)
    with on.open(work.request, work.artifact) as opened:
        operators = opened.profile()
    info = on.info()
    mark = "EMULATED, shares made up: " if info.emulated else ""
    asked = work.request
    file = f"{asked.model} {asked.precision}"
    title = f"{mark}{file} on {info.name}, {runtime}, {threads} thread(s)"
    path = plot or Path(f"{asked.model}.profile.png")
    draw_profile(operators, title, path)
    rows = [asdict(one) for one in operators]
    if as_json:
        click.echo(json.dumps({"title": title, "operators": rows}, indent=1))
    elif format:
        click.echo(listing(_columns(), rows, format))
    else:
        click.echo(fitted(f"{title}\n\n{_in_short(operators)}\n\ndrawn: {path}"))


def _in_short(operators: Sequence[Operator]) -> str:
    from devices.android.run.profile import by_kind
    from reports.text.listing import Column, column, listing

    kinds = [
        {"kind": kind, "count": count, "mean_ms": ms, "share": share}
        for kind, count, ms, share in by_kind(operators)
    ]
    costliest = sorted(operators, key=lambda each: -each.mean_ms)[:COSTLIEST]
    name = Column(title="the costliest", text=lambda row: row["name"].strip("[]")[:48])
    kind, *times = _columns()[1:]
    return "\n\n".join(
        [
            listing([kind, column("count", "count", right=True), *times], kinds),
            listing([name, kind, *times], [asdict(one) for one in costliest]),
        ]
    )


def _columns() -> list[Column]:
    from reports.text.listing import Column, column

    return [
        column("operator", "name"),
        column("kind", "kind"),
        Column(title="ms", text=lambda row: f"{row['mean_ms']:.3f}", right=True),
        Column(title="share", text=lambda row: f"{row['share']:.1%}", right=True),
    ]
