"""Within one session: warm up until it has settled, then sample until enough is known.

Warm-up is judged as pyperf's calibration does: two windows in a row must agree (there in middle
and quartiles, over windows of 20; here a window is also some time long, for clocks that ramp up).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from bench.statistics.stats import SHORTEST_SERIES, quantile
from devices.base import OpenRun
from devices.records import Loop, Series

WINDOW = 10
# Of an engine that compiles while it runs: the fewest before windows are compared.
WARM_INFERENCES = 30
WINDOW_S = 0.05
MEDIAN_CHANGE = 0.03
QUARTILE_CHANGE = 0.05
MEMORY_INFERENCES = 10
SUSTAINED_BLOCK_S = 1.0


def series_of(opened: OpenRun, loop: Loop) -> Series:
    """Everything one session samples. Raises SessionFailed."""
    whole = opened.whole(loop)
    if whole is not None:
        return whole
    if loop.mode == "memory":
        return _untimed(opened, loop)
    warmup, settled = warm_up(opened, loop)
    samples, stopped_by = collect(opened, loop)
    opened.check()
    total = samples.pop("total")
    return Series(
        warmup_ns=tuple(warmup),
        settled=settled,
        samples_ns=tuple(total),
        stages_ns={name: tuple(parts) for name, parts in samples.items()} or None,
        stopped_by=stopped_by,
    )


def warm_up(opened: OpenRun, loop: Loop) -> tuple[list[int], bool]:
    """Inferences until two windows in a row agree, and whether they did within max_warmup. An
    engine that compiles while it runs is at it for warm_s first, and then has max_warmup more."""
    series: list[int] = []
    spent_s = 0.0
    while loop.warm_s and (spent_s < loop.warm_s or len(series) < WARM_INFERENCES):
        taken = opened.sample(WINDOW, loop)["total"]
        series += taken
        spent_s += opened.per_sample * sum(taken) / 1e9
    window, last, most = WINDOW, 0, len(series) + loop.max_warmup
    while len(series) < most:
        count = min(window, most - len(series))
        series += opened.sample(count, loop)["total"]
        if last and agree(series[-count - last : -count], series[-count:]):
            return series, True
        last = count
        sample_s = opened.per_sample * float(np.median(series[-count:])) / 1e9
        window = max(WINDOW, math.ceil(WINDOW_S / max(sample_s, (loop.period_ms or 0) / 1e3)))
    return series, False


def agree(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether two windows have the same median and quartiles, and the later no slow start."""
    old, new = (np.quantile(window, [0.25, 0.5, 0.75]) for window in (before, after))
    low, _, high = new
    changes = np.abs(new / old - 1)
    outlier = after[0] > high + 1.5 * (high - low) and after[0] > (1 + QUARTILE_CHANGE) * new[1]
    return bool(changes[1] <= MEDIAN_CHANGE and changes.max() <= QUARTILE_CHANGE and not outlier)


def collect(
    opened: OpenRun, loop: Loop
) -> tuple[dict[str, list[int]], Literal["interval", "time", "count"]]:
    """Samples by name until the loop's interval, time or count ends them."""
    taken: dict[str, list[int]] = defaultdict(list)
    block, spent_s = WINDOW, 0.0
    while True:
        count = min(block, loop.max_samples - len(taken["total"]))
        parts = opened.sample(count, loop)
        for name, part in parts.items():
            taken[name] += part
        total = taken["total"]
        # Of the device's own time, so that a recording stops where the measurement did.
        spent_s += opened.per_sample * sum(parts["total"]) / 1e9
        elapsed_s = max(spent_s, len(total) * (loop.period_ms or 0) / 1e3)
        if elapsed_s >= loop.limit_s and len(total) >= SHORTEST_SERIES:
            return taken, "time"
        if len(total) >= loop.max_samples:
            return taken, "count"
        if loop.mode == "sustained":
            sample_s = opened.per_sample * float(np.median(total)) / 1e9
            block = max(WINDOW, math.ceil(SUSTAINED_BLOCK_S / sample_s))
        elif len(total) >= loop.min_samples and _is_known(total, loop.within):
            return taken, "interval"


def _is_known(samples: Sequence[int], within: float) -> bool:
    found = quantile(samples, 0.5)
    if found.low is None or found.high is None:
        return False
    return (found.high - found.low) / 2 <= within * found.value


def _untimed(opened: OpenRun, loop: Loop) -> Series:
    inferences = opened.sample(MEMORY_INFERENCES, loop)["total"]
    opened.check()
    return Series(
        warmup_ns=tuple(inferences),
        settled=None,
        samples_ns=None,
        samples_reason="a memory pass is not timed",
        stopped_by="count",
    )
