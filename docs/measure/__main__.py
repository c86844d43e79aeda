"""`make measured`: makes what is not of the present weights and code; goes on when typed again."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from devices.host.device import HostDevice
from measure.figures import FIGURES, Figure
from measure.pages import fill
from measure.record import (
    DOCS,
    Made,
    commit,
    hashes,
    present_weights,
    read_record,
    write_record,
)
from measure.workshop import Workshop
from zoo.base.errors import BenchError

ARCHIVES = click.Path(path_type=Path, exists=True, file_okay=False)


def current(figure: Figure, made: dict[str, Made]) -> bool:
    """Whether it is stored, of the present weights and code."""
    one = made.get(figure.name)
    present = one is not None and (one.weights, one.commit) == (present_weights(), commit())
    return present and all((DOCS / name).exists() for name in figure.files)


def make(figure: Figure, shop: Workshop) -> Made:
    started = time.monotonic()
    figure.make(shop)
    return Made(
        weights=present_weights(),
        commit=commit(),
        made_at=datetime.now(UTC).replace(microsecond=0),
        seconds=round(time.monotonic() - started),
        processor=HostDevice().info().cpu,
        command=figure.command,
        files=hashes(figure.files),
    )


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([figure.name for figure in FIGURES]))
@click.option("--again", is_flag=True, help="Make them even if they are of today.")
@click.option("--list", "list_only", is_flag=True, help="Only say what is of today, and what not.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".measured"))
@click.option("--lfw", type=ARCHIVES)
@click.option("--figaro", type=ARCHIVES)
def main(
    names: tuple[str, ...],
    again: bool,
    list_only: bool,
    folder: Path,
    lfw: Path | None,
    figaro: Path | None,
) -> None:
    """Make these figures of docs, or all that are not of the present weights and code."""
    made = read_record()
    chosen = [figure for figure in FIGURES if not names or figure.name in names]
    wanted = [figure for figure in chosen if again or not current(figure, made)]
    for figure in chosen:
        state = "to be made" if figure in wanted else "of today"
        click.echo(f"{figure.name:16} {state:10}  {figure.command}")
    failed = []
    for number, figure in enumerate([] if list_only else wanted, 1):
        click.echo(f"== {figure.name}, {number} of {len(wanted)}")
        try:
            made[figure.name] = make(figure, Workshop(folder, lfw, figaro))
            write_record(made)
            fill()
        except (BenchError, subprocess.CalledProcessError) as error:
            click.echo(f"not made: {error}", err=True)
            failed.append(figure.name)
    if failed:
        raise SystemExit(f"not made: {', '.join(failed)}; make measured goes on from there")


if __name__ == "__main__":
    main()
