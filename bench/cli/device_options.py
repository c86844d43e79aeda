"""The options that choose a device, and the device that they choose."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import adding

if TYPE_CHECKING:
    from devices.base import Device
    from zoo.files import Home


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


_DEVICE_OPTIONS = (
    click.option(
        "--device",
        default="host",
        show_default=True,
        metavar="NAME",
        help="host, android (the one phone that is there), or android:SERIAL.",
    ),
    click.option("--adb", metavar="PATH", help="[default: ANDROID_HOME's, else PATH's]"),
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

    From here on SIGTERM ends the command as Ctrl-C does, so that a phone is left as it was found.
    """
    from devices.find import find_device

    click.get_current_context().with_resource(_ended_alike())
    name, deadline_s = options.pop("device"), options.pop("deadline")
    of_phone = {key: options.pop(key) for key in ("adb", "program", "cores", "fixed_performance")}
    if not name.startswith("android"):
        if any(of_phone.values()):
            raise click.UsageError(
                "--adb, --benchmark-model, --cores and --fixed-performance are "
                "of phones: --device android"
            )
        return find_device(name, deadline_s)
    from bench.cli.expected import torch_masks
    from devices.android.device import Options

    return find_device(name, deadline_s, Options(expect=torch_masks(home), **of_phone))


@contextmanager
def _ended_alike() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
