"""`bench report`: from stored sessions to tables, figures and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import json_option

if TYPE_CHECKING:
    from zoo.home import Home


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="An earlier report's folder: show what moved since.",
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
    type=click.Choice(["answer", "markdown", "csv"]),
    default="answer",
    show_default=True,
    help="answer: what to take, and a dozen rows; the others print every row.",
)
@json_option
def command(
    folders: tuple[Path, ...],
    since: Path | None,
    open_page: bool,
    output: Path | None,
    format: str,
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
    """
    from reports.unchanged import answer_of, inputs_of, keep
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
    inputs = inputs_of(homes)
    plain = format == "answer" and not as_json and since is None
    text = answer_of(output, inputs) if plain else None
    if text is None:
        text = _written(output, homes, since, "json" if as_json else format)
        if plain:
            keep(output, inputs, text)
    click.echo(text, nl=not text.endswith("\n"))
    page = output / "index.html"
    if format != "csv" and not as_json:
        click.echo(f"report: {_short(page)}")
        click.echo("next: bench report --open")
    if open_page:
        click.launch(page.resolve().as_uri())


def _written(output: Path, homes: Sequence[Home], since: Path | None, format: str) -> str:
    """Writes the report anew; what is to be printed of it."""
    from reports.gather.since import moves_since
    from reports.load import load
    from reports.text.answer import answer
    from reports.text.tables import markdown, rows_csv, rows_json
    from reports.write import write_report

    report = load(*homes)
    moves = moves_since(since, report) if since else None
    write_report(output, report, moves)
    text = {"json": rows_json, "csv": rows_csv, "markdown": markdown, "answer": answer}[format]
    told = moves.markdown if moves and format in ("answer", "markdown") else None
    return "\n".join(filter(None, (text(report), told)))


def _short(path: Path) -> Path:
    """From here on, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
