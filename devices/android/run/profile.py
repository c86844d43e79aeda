"""Times by operator, as benchmark_model writes them in CSV: a pass of its own, never timed.

The first table of the measured runs, in run order: `node type, [start,] first, avg_ms, %, cdf%,
mem KB, times called, name` (tensorflow/core/util/stats_calculator.cc; new builds have no start).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

_MEASURED = "Operator-wise Profiling Info for Regular Benchmark Runs:"
_HEADER = re.compile(r"^node type, (start, )?first, avg_ms, %, cdf%, mem KB, times called, name$")
MAX_OPERATORS = 10_000
# Enough for a mean; each is slowed by being watched.
FLAGS = (
    "--num_runs=50",
    "--min_secs=0",
    "--warmup_runs=10",
    "--warmup_min_secs=0",
    "--enable_op_profiling=true",
    "--op_profiling_output_mode=csv",
)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One node: mean_ms an inference, share of all nodes' time."""

    kind: str
    name: str
    mean_ms: float
    share: float


def parse_profile(text: str) -> tuple[Operator, ...]:
    """The nodes in run order; raises ValueError where there is no such table."""
    lines = [line.strip() for line in text.splitlines()]
    after = lines[lines.index(_MEASURED) + 1 :] if _MEASURED in lines else lines
    heads = [n for n, line in enumerate(after) if _HEADER.match(line)]
    if not heads:
        raise ValueError("no table of operators")
    started = "start, " in after[heads[0]]
    rows: list[tuple[str, str, float]] = []
    for line in after[heads[0] + 1 :]:
        # A name may hold the separator; what stands before it does not.
        fields = line.split(", ", 8 if started else 7)
        if len(fields) != (9 if started else 8) or len(rows) == MAX_OPERATORS:
            break
        mean_ms = _number(fields[3 if started else 2])
        rows.append((fields[0], fields[-1], mean_ms))
    total = sum(mean for *_, mean in rows)
    if not rows or total <= 0:
        raise ValueError("a table without times")
    return tuple(Operator(kind=k, name=n, mean_ms=m, share=m / total) for k, n, m in rows)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{text!r} is no duration")
    return value


def by_kind(operators: Sequence[Operator]) -> list[tuple[str, int, float, float]]:
    """(kind, count, ms, share), the costliest first."""
    groups: dict[str, list[Operator]] = defaultdict(list)
    for one in operators:
        groups[one.kind].append(one)
    rows = [
        (kind, len(ones), sum(o.mean_ms for o in ones), sum(o.share for o in ones))
        for kind, ones in groups.items()
    ]
    return sorted(rows, key=lambda row: -row[2])
