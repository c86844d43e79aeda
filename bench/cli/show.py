"""`bench show`: one session, whole."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.options import json_option


@click.command()
@click.argument("session")
@json_option
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write its series as a PNG."
)
def command(session: str, as_json: bool, plot: Path | None) -> None:
    """Show a stored session by the beginning of its id, or by its file.

    \b
    Example:
      bench show 3f9a1c --plot series.png
    """
    from bench.store import session_of
    from reports.session import session_text
    from zoo.files import Home

    found = session_of(Home.default(), session)
    if plot:
        from reports.series import draw_series

        draw_series(found, plot)
    click.echo(found.model_dump_json(indent=1) if as_json else session_text(found))
    if plot and not as_json:
        click.echo(f"series drawn: {plot}")
