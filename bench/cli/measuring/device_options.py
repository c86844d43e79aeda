"""The options that choose a device, and the device that they choose."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import adb_option, adding
from bench.cli.signals import ending_signals, handled

if TYPE_CHECKING:
    from devices.base import Device
    from zoo.home import Home


class Cores(click.ParamType[str]):
    """`big`, `little`, or a mask of cores in hexadecimal, as taskset takes it."""

    name = "cores"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> str:
        text = str(value).lower().removeprefix("0x")
        if text not in ("big", "little") and not re.fullmatch(r"[0-9a-f]{1,16}", text):
            self.fail(f"{value!r} is not big, little or a mask such as f0", parameter, context)
        return text


# Where a page for browsers is served; of `serve` and `demo` too.
PAGE_OPTIONS = (
    click.option(
        "--network",
        is_flag=True,
        help="Let other devices reach the page of a browser; of --device iphone they always do.",
    ),
    click.option(
        "--address",
        metavar="IP",
        help="Of this machine, by which other devices reach it.  [default: the one that leads "
        "outside]",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        metavar="N",
        help="Of the page.  [default: a free one]",
    ),
    click.option(
        "--plain",
        is_flag=True,
        help="The page without a certificate, by http: one thread and a coarse clock.",
    ),
)
_DEVICE_OPTIONS = (
    click.option(
        "--device",
        default="host",
        show_default=True,
        metavar="NAME",
        help="host; android (the one phone that is there) or android:SERIAL; browser, or iphone: a "
        "page that any phone opens.",
    ),
    click.option(
        "--via",
        type=click.Choice(["cable", "browser"]),
        help="How a phone is reached.  [default: a cable where there is a road by one]",
    ),
    *PAGE_OPTIONS,
    click.option(
        "--wait",
        type=click.FloatRange(1, 86_400),
        default=600.0,
        show_default=True,
        metavar="S",
        help="How long to wait for a page.",
    ),
    adb_option,
    click.option(
        "--benchmark-model",
        "program",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="LiteRT's benchmark_model for the phone.  [default: $BENCH_BENCHMARK_MODEL, else "
        "downloaded once]",
    ),
    click.option(
        "--cores",
        type=Cores(),
        metavar="WHICH",
        help="Of a phone: big, little, or a mask in hexadecimal.  [default: as the phone likes]",
    ),
    click.option(
        "--fixed-performance",
        is_flag=True,
        help="Ask a phone for steady clocks (Android 11 and later, where it can).",
    ),
)


def device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what chooses a device; `device_of` finds it."""
    return adding(command, _DEVICE_OPTIONS)


def device_of(home: Home, options: dict[str, Any]) -> Device:
    """The device that is meant; takes its options out of `options`. Raises DeviceError.

    From here on SIGTERM and SIGHUP end the command as Ctrl-C does, so that a phone is left as it
    was found.
    """
    alike = handled(ending_signals(), signal.default_int_handler)
    click.get_current_context().with_resource(alike)
    name, deadline_s = options.pop("device"), options.pop("deadline")
    of_phone = {key: options.pop(key) for key in ("adb", "program", "cores", "fixed_performance")}
    via = options.pop("via")
    of_page = {key: options.pop(key) for key in ("network", "address", "port", "plain", "wait")}
    by_cable = name.startswith("android") and via != "browser"
    if not by_cable and any(of_phone.values()):
        raise click.UsageError(
            "--adb, --benchmark-model, --cores and --fixed-performance are of phones on a cable: "
            "--device android"
        )
    if by_cable:
        return _android(home, name, via, deadline_s, of_phone, of_page)
    if name == "host":
        from devices.find import find_device

        return find_device(name, deadline_s)
    if name == "iphone" and via == "cable":
        raise click.UsageError("the road to an iPhone by cable is not built; --via browser is")
    return _browser(home, name, deadline_s, of_page)


def _android(
    home: Home,
    name: str,
    via: str | None,
    deadline_s: float,
    of_phone: dict[str, Any],
    of_page: dict[str, Any],
) -> Device:
    """By cable; through its browser where there is no cable, and none was asked for."""
    from bench.cli.measuring.expected import torch_masks
    from devices.android.device import Options
    from devices.find import find_device
    from zoo.base.errors import DeviceError

    try:
        return find_device(name, deadline_s, Options(expect=torch_masks(home), **of_phone))
    except DeviceError as error:
        if via == "cable" or name != "android" or error.code not in ("no_tool", "no_device"):
            raise
        if any(of_phone.values()) or not of_page["network"]:
            error.remedy = f"{error.remedy}; or, without a cable: --via browser --network"
            raise
        click.echo(f"no cable: {error.seen}; so through the phone's browser", err=True)
    return _browser(home, name, deadline_s, of_page)


def _browser(home: Home, name: str, deadline_s: float, of_page: dict[str, Any]) -> Device:
    from bench.cli.measuring.browser import ASKED, one_browser
    from devices.browser.serving import Where
    from zoo.base.errors import UnknownName

    if name not in ASKED:
        raise UnknownName.of("device", name, ("host", *ASKED), "bench devices")
    where = Where(
        # No iPhone reaches this machine's loopback.
        network=of_page["network"] or name == "iphone",
        address=of_page["address"],
        port=of_page["port"],
        plain=of_page["plain"],
    )
    return one_browser(home, name, where, of_page["wait"], deadline_s)
