"""The options of a measurement, the same for `run` and `compare`, and the plan that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import adding, deadline_option

if TYPE_CHECKING:
    from bench.record import Plan
    from devices.base import Device

# How a session samples, and how many there are.
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
    return adding(command, _PLAN_OPTIONS)


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
