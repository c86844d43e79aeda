"""`bench farm`: this computer, and its phones, as a part of a Ray."""

from __future__ import annotations

import click

from bench.cli.options import adb_option

PORT = 6379


@click.group()
def command() -> None:
    """Join this computer and its phones to others, for `--ray` of other commands.

    \b
    Example:
      bench farm start --host 192.168.1.10     (on one computer)
      bench farm join 192.168.1.10:6379        (on each of the others)
      bench devices --ray auto
      bench run --ray auto --device android --all --model 'mnv2_slim_unet_0.5_*'
    """


@command.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="IP",
    help="Of this computer, by which the others reach it. Whoever reaches it and has its token can "
    "run programs here.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="[default: all of this computer]")
@adb_option
def start(host: str, port: int, cpus: int | None, adb: str | None) -> None:
    """Be the first computer of a farm, until Ctrl-C.

    \b
    Example:
      bench farm start
    """
    from bench.cli.farm.joining import lead

    lead(host, port, cpus, adb)


@command.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--host", metavar="IP", help="Of this computer.  [default: Ray finds it]")
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="[default: all of this computer]")
@adb_option
def join(address: str, host: str | None, cpus: int | None, adb: str | None) -> None:
    """Join the farm that another computer began, until Ctrl-C.

    It is refused where that one runs another version of this package.

    \b
    Example:
      bench farm join 192.168.1.10:6379
    """
    from bench.cli.farm.joining import follow

    follow(address, host, cpus, adb)
