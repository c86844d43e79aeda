"""`bench report`: from stored sessions to tables, figures and a page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from bench.cli.options import LIST_FORMATS, json_option

if TYPE_CHECKING:
    from reports.gather.report import Report
    from zoo.home import Home


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="An earlier report's folder: show what moved since.",
)
@click.option(
    "--data",
    metavar="NAME",
    help="The data set whose IoU is shown, or `worst`: of several, of each file the lowest.  "
    "[default: lfw, where files were counted on it]",
)
@click.option(
    "--device",
    metavar="WORDS",
    help="Only devices of that kind, or whose name holds these words.  [default: all]",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Read every session again, whatever the index of an earlier report has.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.  [default: reports/out]",
)
@click.option(
    "--format",
    "format",
    type=click.Choice(["answer", *LIST_FORMATS]),
    default="answer",
    show_default=True,
    help="answer: what to take, and a dozen rows; the others print every row.",
)
@json_option
def command(
    folders: tuple[Path, ...],
    since: Path | None,
    data: str | None,
    device: str | None,
    verify: bool,
    open_page: bool,
    output: Path | None,
    format: Literal["answer", "table", "markdown", "csv"],
    as_json: bool,
) -> None:
    """Join sessions with the accuracy of the very files they timed; write a report.

    Prints what to take at 60 and 30 frames a second. Never measures. Writes index.html (opens
    offline), tables as Markdown, CSV and Parquet, and the IoU-against-latency figure as SVG and
    PNG. FOLDERs are homes of several machines,
    each holding results/, to report on together; without any it is this one.

    \b
    Example:
      bench report --open
      bench report laptop/ phones/ --since reports/march
      bench report --data worst
      bench report --device 'pixel 8'
      bench report --verify
    """
    from reports.text.fitting import fitted, next_steps, width
    from reports.unchanged import Said, inputs_of, keep, said_in
    from zoo.base.errors import RecordError
    from zoo.home import Home

    home = Home.default()
    homes = [Home(root=folder.resolve()) for folder in folders] or [home]
    for each in homes if folders else ():
        if not each.results.is_dir():
            raise RecordError(
                f"{each.root} holds no results",
                expected="a folder with results/ in it, as BENCH_HOME is",
                remedy="bench run there, or give the folder that holds results/",
            )
    output = output or home.report
    if verify:
        _verify(homes)
    # What it says is broken to the terminal's width.
    inputs = inputs_of(homes, [data, device, str(width())])
    plain = format == "answer" and not as_json and since is None
    # What was wrong in the index may stand in the report of then.
    said = said_in(output, inputs) if plain and not verify else None
    if said is None:
        report = _report(homes, data, device)
        text = _written(output, report, since, "json" if as_json else format)
        said = Said(text=text, next=tuple(_after(report, data)))
        if plain:
            keep(output, inputs, said)
    text = fitted(said.text) if format == "answer" and not as_json else said.text
    click.echo(text, nl=not text.endswith("\n"))
    page = output / "index.html"
    if format != "csv" and not as_json:
        click.echo(f"report: {_short(page)}")
        # Those commands read this home alone.
        if not folders:
            click.echo(next_steps(said.next))
    if open_page:
        click.launch(page.resolve().as_uri())


def _verify(homes: Sequence[Home]) -> None:
    """To standard error, for standard output may be for a program."""
    from reports.stored.read import verify
    from zoo.base.progress import say

    read, unlike = verify(homes)
    told = f"{unlike} were not as the index had them" if unlike else "all are as the index has them"
    say(f"verified: {read} sessions were read again, {told}")


def _report(homes: Sequence[Home], data: str | None, device: str | None) -> Report:
    from reports.gather.places import on_devices
    from reports.load import load

    report = load(*homes, data=data)
    return report if device is None else on_devices(report, device)


def _written(
    output: Path,
    report: Report,
    since: Path | None,
    format: Literal["answer", "table", "markdown", "csv", "json"],
) -> str:
    """Writes the report anew; what is to be printed of it."""
    from reports.since import moves_since
    from reports.text.answer import answer
    from reports.text.tables import every_row, moves_markdown, rows_csv, rows_json
    from reports.write import write_report

    moves = moves_since(since, report) if since else None
    write_report(output, report, moves)
    if format == "json":
        return rows_json(report)
    if format == "csv":
        return rows_csv(report)
    text = answer(report) if format == "answer" else every_row(report, format)
    return f"{text}\n{moves_markdown(moves)}" if moves else text


def _after(report: Report, data: str | None) -> list[str]:
    """What to type once the page was read. data: on which the report is, where that was asked."""
    from reports.gather.unmeasured import typed_model

    if not report.rows:
        return ["bench run --model 'mnv2_slim_unet_0.35_*'", "bench models", "bench doctor"]
    row = report.rows[0]
    check = "bench check last"
    on = f" --data {shlex.quote(data)}" if data else ""
    pick = f"bench pick --device {row.facet.device.kind} --max-latency 60fps{on}"
    named = row.of_zoo or row.origin == "imported"
    return [pick, check, f"bench card --model {typed_model(row)}"] if named else [pick, check]


def _short(path: Path) -> Path:
    """From here on, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
