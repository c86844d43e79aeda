"""What `bench compare` tells of its sides: as sentences, as a table, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.compare import Comparison, Side
    from reports.text.listing import Column

MANY = 1000


def columns() -> list[Column]:
    """Of a side and what was found of it; None of the baseline."""
    from reports.text.listing import Column

    return [
        Column(title="name", text=lambda one: one[0].name),
        Column(title="p50 ms [range]", text=lambda one: _p50_text(one[0])),
        Column(title="ratio [95 %]", text=lambda one: _ratio_text(one[1])),
        Column(title="verdict", text=lambda one: _verdict(one[1]) if one[1] else "the baseline"),
    ]


def _ratio_text(found: Comparison | None) -> str:
    return found.ratio.text if found and found.ratio else ""


def _p50_text(side: Side) -> str:
    return f"{side.p50_ms.text}{side.clock}" if side.p50_ms else "not measured"


def side_text(side: Side) -> str:
    p50 = f"p50 {side.p50_ms.text} ms{side.clock}" if side.p50_ms else "not measured"
    return f"{side.name}: {p50}"


def _verdict(found: Comparison) -> str:
    if found.ratio is None:
        return "no ratio"
    if not found.distinguishable:
        return "not distinguishable"
    return "slower" if found.ratio.value > 1 else "faster"


def sentence(found: Comparison) -> str:
    from bench.statistics.ratios import FEWEST_RUNS

    one, other = found.baseline.name, found.candidate.name
    if found.ratio is None:
        return f"{other}: no ratio: not both were measured (bench check last)"
    counts = " and ".join(str(count) for count in found.ratio.counts)
    of = f"{counts} {found.ratio.replicates} {found.how}"
    if found.ratio.low is None:
        return (
            f"{other}: not distinguishable: {of}, are too few for an interval; "
            f"x{found.ratio.text} of {one}'s latency"
        )
    if found.ratio.replicates == "sessions":
        of += f": what differs from run to run is not in it; {FEWEST_RUNS} runs in all put it in"
    ratio = f"x{found.ratio.text} of {one}'s latency (95 % interval, {of})"
    if found.distinguishable:
        return f"{other} is {_verdict(found)}: {ratio}"
    return f"{other} is not distinguishable: {ratio}{_needed(found)}"


def _needed(found: Comparison) -> str:
    if not (found.ratio and found.more_needed):
        return ""
    if found.more_needed > MANY:
        return f"; not even {MANY} more {found.ratio.replicates} would tell"
    return f"; about {found.more_needed} more {found.ratio.replicates} would tell"


def as_record(found: Comparison) -> dict[str, Any]:
    return asdict(found) | {
        "distinguishable": found.distinguishable,
        "more_needed": found.more_needed,
    }
