"""`bench card`: the card of a model."""

from __future__ import annotations

import click

from bench.cli.options import model_option


@click.command()
@model_option()
def command(models: tuple[str, ...]) -> None:
    """Write the card of each model: its files, IoU and latency, training, limits, how to feed it.

    \b
    Example:
      bench card --model 'mnv2_slim_unet_0.5_*'
    """
    from reports.load import load
    from reports.text.card import write_card
    from reports.text.imported_card import write_imported_card
    from zoo.catalogue import select
    from zoo.home import Home
    from zoo.imported.record import Imported

    home = Home.default()
    chosen, report = select(home, models), load(home)
    for model in chosen:
        if isinstance(model, Imported):
            click.echo(write_imported_card(home, model, report))
        else:
            click.echo(write_card(home, model, report))
