"""`bench card`: the card of a variant."""

from __future__ import annotations

import click

from bench.cli.options import model_option


@click.command()
@model_option()
def command(models: tuple[str, ...]) -> None:
    """Write the card of each variant: its files, IoU and latency, training, limits, how to feed it.

    \b
    Example:
      bench card --model 'mnv2_unet_0.5_*'
    """
    from reports.load import load
    from reports.text.card import write_card
    from zoo.home import Home
    from zoo.registry import select

    home = Home.default()
    report = load(home)
    for spec in select(models):
        click.echo(write_card(home, spec, report))
