"""Options that mean the same in every command."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bench.record import Plan
    from devices.base import Device
    from zoo.files import Home

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def model_option(default: str | None = None, required: bool = True) -> Decorator:
    """`--model NAME_OR_WILDCARD`, several times; all the models where `default` is '*'."""
    return click.option(
        "--model",
        "-m",
        "models",
        multiple=True,
        required=required and default is None,
        default=None if default is None else (default,),
        metavar="NAME",
        help="A model, or a wildcard in quotes, such as 'mnv2_unet_*_224'. Repeatable.",
    )


formats_option: Decorator = click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME",
    help="onnx, tflite, coreml. Repeatable.  [default: all]",
)
precisions_option: Decorator = click.option(
    "--precision",
    "precisions",
    multiple=True,
    metavar="P",
    help="fp32, fp16, int8, int8w, pal6, pal4, as far as the format has it. Repeatable.  "
    "[default: all]",
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for scripts."
)
force_option: Decorator = click.option(
    "--force", is_flag=True, help="Do it again, even where nothing has changed."
)


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
    for option in reversed(_DEVICE_OPTIONS):
        command = option(command)
    return command


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


class Percent(click.ParamType[float]):
    """`1.5%`, as the share 0.015. The sign is asked for: 1.5 might mean either."""

    name = "percent"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", str(value).strip())
        if match is None or not 0 < float(match[1]) <= 100:
            self.fail(f"{value!r} is no percentage such as 1.5%", parameter, context)
        return float(match[1]) / 100


class Frame(click.ParamType[tuple[int, int]]):
    """`1280x720`: width and height of a camera frame in pixels."""

    name = "frame"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", str(value))
        if match is None or not all(16 <= int(side) <= 8192 for side in match.groups()):
            self.fail(f"{value!r} is no frame such as 1280x720", parameter, context)
        return int(match[1]), int(match[2])


deadline_option: Decorator = click.option(
    "--deadline",
    type=click.FloatRange(0.1, 36_000),
    default=120.0,
    show_default=True,
    metavar="S",
    help="What loading, or sampling beyond its own length, may take.",
)
# How a session samples, and how many there are: the same for `run` and `compare`.
_PLAN_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(["burst", "cadence", "sustained"]),
        default="burst",
        show_default=True,
        help="Back to back; one inference each --period, as a camera gives them; or back to back "
        "for --duration.",
    ),
    click.option(
        "--period",
        type=click.FloatRange(1, 1000),
        metavar="MS",
        help="Of cadence.  [default: 33.3]",
    ),
    click.option(
        "--duration",
        type=click.FloatRange(0.1, 7200),
        metavar="S",
        help="Sampling time of a session at most.  [default: 1; cadence 2; sustained 120]",
    ),
    click.option(
        "--samples",
        type=click.IntRange(1, 1_000_000),
        metavar="N",
        help="Of a session at most.  [default: 1000; sustained 1000000]",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0, 100_000),
        default=300,
        show_default=True,
        metavar="N",
        help="Inferences at most until it has settled.",
    ),
    click.option(
        "--sessions",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="Steady ones an artifact at least; below 6 give no interval.  "
        "[default: 10; sustained 1]",
    ),
    click.option(
        "--max-sessions",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="Tries an artifact at most.  [default: 4 times --sessions; as many as --sessions "
        "where those are below 6, or sustained]",
    ),
    click.option("--seed", default=0, show_default=True, help="Of the order of the sessions."),
    click.option(
        "--settle",
        type=click.FloatRange(0, 3600),
        metavar="S",
        help="Wait so long before a session for a busy or hot device.  [default: 2; phones 300]",
    ),
    deadline_option,
)
SETTLE_S = {"host": 2.0, "android": 300.0}
MODES: dict[str, dict[str, Any]] = {
    "burst": {"limit_s": 1.0, "max_samples": 1000},
    "cadence": {"limit_s": 2.0, "max_samples": 1000, "period_ms": 33.3},
    "sustained": {"limit_s": 120.0, "max_samples": 1_000_000},
}


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a measurement; `plan_of` makes the plan of their values."""
    for option in reversed(_PLAN_OPTIONS):
        command = option(command)
    return command


def plan_of(
    device: Device, target: float, frame: tuple[int, int] | None = None, **given: Any
) -> Plan:
    """The plan that the options ask for. Raises click.UsageError where they contradict."""
    from bench.record import Plan
    from devices.base import Loop

    mode = given["mode"]
    if given["period"] is not None and mode != "cadence":
        raise click.UsageError("--period is of --mode cadence")
    values = MODES[mode] | {
        key: value
        for key, value in (
            ("limit_s", given["duration"]),
            ("max_samples", given["samples"]),
            ("period_ms", given["period"]),
        )
        if value is not None
    }
    values["min_samples"] = min(Loop().min_samples, values["max_samples"])
    loop = Loop(mode=mode, max_warmup=given["warmup"], frame=frame, **values)
    sessions = given["sessions"] or (1 if mode == "sustained" else 10)
    # Below 6 there is no interval that more of them could narrow.
    fixed = mode == "sustained" or sessions < 6
    most = given["max_sessions"] or (sessions if fixed else 4 * sessions)
    if most < sessions:
        raise click.UsageError(f"--max-sessions {most} is under --sessions {sessions}")
    return Plan(
        loop=loop,
        sessions=sessions,
        max_sessions=most,
        target=target,
        seed=given["seed"],
        settle_s=SETTLE_S[device.info().kind] if given["settle"] is None else given["settle"],
    )
