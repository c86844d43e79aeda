"""`bench demo`: hair recoloured live in a browser."""

from __future__ import annotations

import click

from bench.cli.measuring.serve import server_options


@click.command()
@server_options
def command(network: bool, address: str | None, port: int, plain: bool, idle: float) -> None:
    """Try the exported models live: a camera or a photograph, hair in another colour.

    Everything happens in the browser; nothing leaves the device. A phone's camera is for secure
    pages alone: --network serves by https.

    \b
    Example:
      bench demo
      bench demo --network
    """
    from bench.cli.measuring.serve import serve_demo
    from devices.browser.serving import Where

    where = Where(network=network, address=address, port=port, plain=plain)
    serve_demo(where, idle)
