"""`bench report`: from stored sessions to tables, figures and a page."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.options import json_option


@click.command()
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.  [default: reports/out]",
)
@json_option
def command(open_page: bool, output: Path | None, as_json: bool) -> None:
    """Join sessions with the accuracy of the very files they timed; write a report.

    Never measures. Writes index.html (opens offline), table.md, table.csv, and the
    IoU-against-latency figure as SVG and PNG.

    \b
    Example:
      bench report --open
    """
    from reports.load import load
    from reports.tables import markdown, rows_json
    from reports.write import write_report
    from zoo.files import Home

    home = Home.default()
    report = load(home)
    page = write_report(output or home.report, report)
    if as_json:
        click.echo(rows_json(report))
    else:
        click.echo(markdown(report))
        click.echo(f"report: {page}")
    if open_page:
        click.launch(page.resolve().as_uri())
