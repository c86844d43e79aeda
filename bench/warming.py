"""Lets an engine compile what it runs before the rounds of a pass begin.

A browser's WebAssembly runs quickly compiled code first and better code later, in plateaus of up to
a second: two windows may agree at several times the final figure. So all files run in turn for some
seconds first; then sweeps over them have to agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median

from bench.sampling import MEDIAN_CHANGE, WARM_INFERENCES
from devices.base import OpenRun
from devices.records import Loop
from zoo.base.errors import PassBroken, SessionFailed

# Sweeps that are one window, and how long it may go on at most: in warm_s, and in sweeps.
WINDOW_SWEEPS = 3
LONGEST = 10


@dataclass(kw_only=True)
class Warmed:
    """wall_ns: of each file's inferences, by its place. settled: whether the sweeps agreed at last.
    broken: the process is gone."""

    wall_ns: dict[int, list[int]] = field(default_factory=dict)
    failed: dict[int, SessionFailed] = field(default_factory=dict)
    settled: bool | None = None
    broken: bool = False


def warm_up_together(runs: Mapping[int, OpenRun], loop: Loop, engines: int = 1) -> Warmed:
    """Turns of all files until they have run for loop.warm_s an engine and WARM_INFERENCES each,
    and two windows in a row agree. engines: how many these files run in, each with code of its
    own."""
    assert loop.turns is not None
    least_s = engines * loop.warm_s
    warmed = Warmed(wall_ns={place: [] for place in runs})
    sweeps: list[float] = []
    spent_ns = 0
    while loop.warm_s and not warmed.settled:
        left = [place for place in runs if place not in warmed.failed]
        figures = []
        for place in left:
            try:
                burst = runs[place].burst(loop.turns, 0, 0)
            except PassBroken:
                warmed.broken = True
                return warmed
            except SessionFailed as error:
                warmed.failed[place] = error
                continue
            warmed.wall_ns[place] += burst.wall_ns
            figures.append(math.log(median(burst.wall_ns)))
            # At first fewer inferences may be one sample.
            first, kept = burst.wall_ns[: burst.discarded], burst.wall_ns[burst.discarded :]
            spent_ns += sum(first) + runs[place].per_sample * sum(kept)
        if not figures:
            return warmed
        sweeps.append(fmean(figures))
        spent_s = spent_ns / 1e9
        fewest = min(len(warmed.wall_ns[place]) for place in left if place not in warmed.failed)
        if spent_s >= least_s and fewest >= WARM_INFERENCES:
            warmed.settled = _agree(sweeps)
            if spent_s >= LONGEST * least_s and len(sweeps) >= LONGEST:
                return warmed
    return warmed


def _agree(sweeps: list[float]) -> bool:
    """Whether the last two windows of sweeps have the same middle."""
    if len(sweeps) < 2 * WINDOW_SWEEPS:
        return False
    before, after = sweeps[-2 * WINDOW_SWEEPS : -WINDOW_SWEEPS], sweeps[-WINDOW_SWEEPS:]
    return abs(median(after) - median(before)) <= MEDIAN_CHANGE
