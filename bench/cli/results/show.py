"""`bench show`: one session, whole."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.options import PictureFile, json_option


@click.command()
@click.argument("session")
@json_option
@click.option("--plot", type=PictureFile(".png"), help="Write its series as a PNG.")
@click.option(
    "--pass",
    "whole_pass",
    type=PictureFile(".png"),
    help="Draw the pass that it was in as a PNG: which file's turn it was.",
)
def command(session: str, as_json: bool, plot: Path | None, whole_pass: Path | None) -> None:
    """Show a stored session by the beginning of its id, or by its file.

    \b
    Example:
      bench show 3f9a1c --plot series.png
    """
    from bench.sessions.store import read_all, session_of
    from reports.text.fitting import fitted
    from reports.text.session import session_text
    from zoo.home import Home

    found = session_of(Home.default(), session)
    if whole_pass:
        from reports.pictures.pass_picture import draw_pass

        place = (found.batch, found.round)
        stored = read_all(Home.default()).sessions
        beside = [s for s in stored if (s.batch, s.round) == place and s.timed]
        draw_pass(beside or [found], whole_pass)
    if plot:
        from reports.pictures.series import draw_series

        draw_series(found, plot)
    click.echo(found.model_dump_json(indent=1) if as_json else fitted(session_text(found)))
    for name, path in (("series", plot), ("pass", whole_pass)):
        if path and not as_json:
            click.echo(f"{name} drawn: {path}")
