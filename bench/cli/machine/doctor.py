"""`bench doctor`: what this machine can do, what is missing, and what mends it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import format_option, json_option

if TYPE_CHECKING:
    from devices.finding import Finding
    from reports.text.listing import Column, Format
    from zoo.home import Home

MARKS = {True: "ok", False: "missing", None: "not here"}
DRAW = "bench data synthetic"
QUIET_MARKS = {True: "ok", False: "noisy", None: "unknown"}


@click.command()
@format_option()
@json_option
@click.pass_context
def command(context: click.Context, format: Format, as_json: bool) -> None:
    """Say what this machine can do, what each road lacks, and what mends it.

    Roads: train, export, and measure on the host, Android phones, iPhones and in browsers; then
    the data at hand, and what disturbs a measurement now. Reaches for no network and changes
    nothing. The exit status is 1 where no variant can be trained, exported and measured here.

    \b
    Example:
      bench doctor
      bench doctor --json
    """
    from reports.text.fitting import fitted
    from reports.text.listing import listing
    from zoo.base.errors import DeviceError

    try:
        from bench.doctor import first_remedy, host_works, look
        from devices.host.quiet import Present, measuring
        from devices.programs import Machine
        from zoo.home import Home

        home, present = Home.default(), Present.read()
        sets = list(_data_sets(home))
        data = [*(sets or [_no_data_set(home)]), _drawn(), _encoders(home)]
        findings = [*look(home, Machine()), *data, *measuring(present)]
    except ModuleNotFoundError as error:
        raise DeviceError(f"{error.name} is not installed", remedy="make setup") from error
    if as_json:
        click.echo(json.dumps([finding.model_dump() for finding in findings], indent=1))
    elif format == "table":
        click.echo(fitted(_by_road(findings)))
        click.echo(f"\nnext: {first_remedy(findings) or _next_step(sets)}")
    else:
        click.echo(listing(_columns(), [one.model_dump() for one in findings], format))
    context.exit(0 if host_works(findings) else 1)


def _by_road(findings: Sequence[Finding]) -> str:
    """A road's needs under its name, each with what mends it."""
    needs = min(24, max(len(finding.need) for finding in findings))
    lines = []
    for road, group in groupby(findings, key=lambda finding: finding.road):
        lines.append(road)
        for finding in group:
            start = f"  {_mark(road, finding.ok):8}  {finding.need:{needs}}  "
            lines.append(start + finding.found)
            if finding.remedy:
                lines.append(f"{' ' * len(start)}> {finding.remedy}")
    return "\n".join(lines)


def _columns() -> list[Column]:
    from reports.text.listing import Column, column

    return [
        column("road", "road"),
        column("need", "need"),
        Column(title="state", text=lambda row: _mark(row["road"], row["ok"])),
        column("found", "found"),
        column("remedy", "remedy"),
    ]


def _mark(road: str, ok: bool | None) -> str:
    return (QUIET_MARKS if road == "measuring" else MARKS)[ok]


def _folder(home: Home) -> Path:
    return home.dataset("any").parent


def _no_data_set(home: Home) -> Finding:
    from devices.finding import Finding

    found = f"none is prepared in {_folder(home)}"
    return Finding(road="data", need="data set", ok=False, found=found, remedy=DRAW)


def _drawn() -> Finding:
    """Nothing has to be at hand for it."""
    from devices.finding import Finding

    found = f"portraits can be drawn at any time: {DRAW}"
    return Finding(road="data", need="drawing", ok=True, found=found)


def _data_sets(home: Home) -> Iterable[Finding]:
    """Folders with the record of a data set; one that is broken says why."""
    from devices.finding import Finding
    from train.data.dataset import RECORD, Dataset
    from zoo.base.errors import BenchError

    for path in sorted(_folder(home).glob(f"[!.]*/{RECORD}")):
        name = path.parent.name
        try:
            dataset = Dataset.open(home, name)
        except (BenchError, OSError) as error:
            seen = error.seen if isinstance(error, BenchError) else f"{path}: {error.strerror}"
            again = "prepare it again: bench data --help"
            yield Finding(road="data", need=name, ok=False, found=seen, remedy=again)
            continue
        counts = [f"{len(dataset.items(s))} {s}" for s in ("train", "validation", "test")]
        found = f"data set of {', '.join(counts)} images"
        yield Finding(road="data", need=name, ok=True, found=found)


def _encoders(home: Home) -> Finding:
    """The widths for which `bench train` finds pretrained weights by itself."""
    from devices.finding import Finding
    from train.init.first_weights import choose_first_weights
    from zoo.registry import all_specs

    folder = home.encoders
    remedy = "bench weights encoders, or: export BENCH_ENCODERS=FOLDER"
    try:
        # Of a width any variant will do; each answer costs the hash of a file.
        specs = {spec.width: spec for spec in all_specs()}
        first = {w: choose_first_weights(spec, "auto", folder) for w, spec in specs.items()}
    except OSError as error:
        found = f"{error.filename} cannot be read: {error.strerror}"
        return Finding(road="data", need="encoders", ok=False, found=found, remedy=remedy)
    random = [width for width, weights in first.items() if weights.path is None]
    found = ", ".join(f"{width} from {w.path.name}" for width, w in first.items() if w.path)
    found = f"{folder}: {found or 'none found'}"
    if not random:
        return Finding(road="data", need="encoders", ok=True, found=found)
    found += f"; training begins from random weights at width {', '.join(random)}"
    return Finding(road="data", need="encoders", ok=False, found=found, remedy=remedy)


def _next_step(sets: Sequence[Finding]) -> str:
    """The first step of the chain that was not taken."""
    ready = [finding.need for finding in sets if finding.ok]
    if not ready:
        return DRAW
    name = "lfw" if "lfw" in ready else ready[0]
    if Path("Makefile").is_file():
        return f"make zoo DATA={name}"
    return f"bench train --model 'mnv2_slim_unet_0.35_*' --data {name}"
