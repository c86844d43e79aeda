"""The options of a measurement, the same for `run` and `compare`, and the plan that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import adding, deadline_option

if TYPE_CHECKING:
    from bench.sessions.record import Plan
    from devices.base import Device
    from devices.records import Loop

# How a session samples, and how many there are.
_PLAN_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(["burst", "cadence", "sustained"]),
        default="burst",
        show_default=True,
        help="Back to back; one inference each --period, as a camera gives them; or back to back "
        "for --duration. Here and in a browser the files of a burst take turns.",
    ),
    click.option(
        "--rounds",
        # Under 4 none would count.
        type=click.IntRange(4, 1000),
        metavar="N",
        help="Turns of a file in a pass, where files take turns.  [default: 24]",
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
        help="Sampling time of a session at most, where files do not take turns.  [default: 1; "
        "cadence 2; sustained 120]",
    ),
    click.option(
        "--samples",
        type=click.IntRange(1, 1_000_000),
        metavar="N",
        help="Of a session at most, likewise.  [default: 1000; sustained 1000000]",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0, 100_000),
        metavar="N",
        help="Inferences at most until it has settled, likewise.  [default: 300]",
    ),
    click.option(
        "--sessions",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="The fewest passes of a file, each with one session of it; an interval needs 6.  "
        "[default: 6; sustained 1]",
    ),
    click.option(
        "--max-sessions",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="The most passes of a file.  [default: 40; as many as --sessions if that is below 6 "
        "or the mode is sustained]",
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0, min_open=True),
        metavar="S",
        help="Begin no pass that would end later, once each has its --sessions; with --resume the "
        "stored passes count as well.  [default: none]",
    ),
    click.option("--seed", default=0, show_default=True, help="Of the order in a pass."),
    click.option(
        "--settle",
        type=click.FloatRange(0, 3600),
        metavar="S",
        help="Wait so long before a session for a busy or hot device, where files do not take "
        "turns.  [default: 2; phones 300]",
    ),
    deadline_option,
)
FEWEST_FOR_INTERVAL = 6
SETTLE_S = {"host": 2.0, "android": 300.0, "browser": 0.0}


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a measurement; `plan_of` makes the plan of their values."""
    return adding(command, _PLAN_OPTIONS)


def plan_of(
    device: Device,
    target: float,
    frame: tuple[int, int] | None = None,
    compares: bool = False,
    **given: Any,
) -> Plan:
    """The plan that the options ask for. compares: of few files, whose ratio is looked for. Raises
    click.UsageError where they contradict."""
    from bench.sessions.record import Plan

    mode = given["mode"]
    if frame and device.info().kind == "browser":
        raise click.UsageError("--end-to-end is not of browsers; the page's Try shows its stages")
    in_turns = device.holds_several and mode == "burst" and frame is None
    _refuse_useless(given, in_turns)
    # Below 6 there is no interval that more of them could narrow.
    sessions = given["sessions"] or (1 if mode == "sustained" else 6)
    fixed = mode == "sustained" or sessions < FEWEST_FOR_INTERVAL
    most = given["max_sessions"] or (sessions if fixed else max(40, sessions))
    if most < sessions:
        raise click.UsageError(f"--max-sessions {most} is under --sessions {sessions}")
    return Plan(
        loop=_turns(device, given) if in_turns else _loop(device, given, frame),
        sessions=sessions,
        max_sessions=most,
        target=target,
        limit_s=given["time_limit"],
        memory=device.reads_memory and not compares,
        seed=given["seed"],
        settle_s=SETTLE_S[device.info().kind] if given["settle"] is None else given["settle"],
    )


def _refuse_useless(given: dict[str, Any], in_turns: bool) -> None:
    if given["period"] is not None and given["mode"] != "cadence":
        raise click.UsageError("--period is of --mode cadence")
    if given["rounds"] is not None and not in_turns:
        raise click.UsageError("--rounds is of files that take turns: --mode burst, not on a cable")
    if not in_turns:
        return
    for name in ("duration", "samples", "warmup", "settle"):
        if given[name] is not None:
            raise click.UsageError(
                f"--{name} is of sessions one after the other: of --mode cadence and sustained, "
                "and of phones. Here the files take turns: --rounds, --sessions"
            )


def _turns(device: Device, given: dict[str, Any]) -> Loop:
    from devices.records import Loop, Turns

    turns = Turns(rounds=given["rounds"], fewest_turns=0) if given["rounds"] else Turns()
    return Loop(turns=turns, warm_s=device.warm_s)


def _loop(device: Device, given: dict[str, Any], frame: tuple[int, int] | None) -> Loop:
    from bench.sessions.record import LOOPS
    from devices.records import Loop

    asked = {
        "limit_s": given["duration"],
        "max_samples": given["samples"],
        "period_ms": given["period"],
        "max_warmup": given["warmup"],
    }
    values = LOOPS[given["mode"]].model_dump() | {
        key: value for key, value in asked.items() if value is not None
    }
    values |= {"frame": frame, "warm_s": device.warm_s}
    values["min_samples"] = min(Loop().min_samples, values["max_samples"])
    return Loop.model_validate(values)
