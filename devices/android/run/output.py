"""What benchmark_model prints, of any build.

Each line may begin with anything: a level, a time, logcat's or absl's columns. So what is known is
searched for, wherever it stands in a line. The wording is that of tflite/tools/benchmark and
litert/tools (LiteRT). Durations are microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
# The summaries of a profile have the same form, and other units.
_STATISTICS = re.compile(
    r"(?<!\w)(?<!Timings \(microseconds\): )(?<!Memory \(bytes\): )"
    r"count=(\d{1,9})(?=\s*$|\s+(?:first|curr)=)(.*)$"
)
_VALUE = re.compile(rf"\b(first|curr|min|max|avg|std|p5|median|p95)={_NUMBER}(?=\s|$)")
_DELEGATED = re.compile(
    r"\bReplacing (\d{1,6}) out of (\d{1,6}) node\(s\) with delegate \((\w+)\) node, yielding "
    r"(\d{1,6}) partitions?"
)
FAILURES = (
    r"Disallowed CPU fallback detected\.",
    r"Failed to apply .* delegate\.",
    r"GPU acceleration is unsupported on this platform\.",
    r"Didn't find op for builtin opcode .*",
    r"Failed to allocate tensors!",
    r"Failed to initialize the interpreter",
    r"Failed to load model.*",
    r"Failed to compile model.*",
    r"Unconsumed cmdline flags: .*",
    r"Benchmarking failed\.",
)
_FAILURE = re.compile("|".join(FAILURES))


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """One line of it. values: by the tool's own names, as far as the build prints them."""

    count: int
    values: dict[str, float]

    @property
    def mean_us(self) -> float | None:
        # With one run, or all alike, only the last is printed.
        return self.values.get("avg", self.values.get("curr"))


@dataclass(frozen=True, kw_only=True)
class Delegated:
    """How much of the model an accelerator took: nodes of all nodes, in so many pieces."""

    name: str
    taken: int
    nodes: int
    partitions: int


@dataclass(frozen=True, kw_only=True)
class Output:
    """warm_up, measured: None where they were not printed. failures: what lines tell of one, from
    its first word on, in order. accelerated: how much of the model the delegate took, where it
    says."""

    warm_up: Statistics | None
    measured: Statistics | None
    delegated: tuple[Delegated, ...]
    failures: tuple[str, ...]
    accelerated: Literal["whole", "partly", "none"] | None


def parse_output(text: str) -> Output:
    """Never raises: what cannot be read is not there."""
    lines = [line.strip() for line in text.splitlines()]
    statistics = [found for line in lines if (found := _statistics(line))]
    delegated = [
        Delegated(name=m[3], taken=int(m[1]), nodes=int(m[2]), partitions=int(m[4]))
        for line in lines
        # XNNPACK is the CPU's own.
        if (m := _DELEGATED.search(line)) and "xnnpack" not in m[3].lower()
    ]
    whole = any("completely executed by the delegate" in line for line in lines)
    part = any("partially executed by the delegate" in line for line in lines)
    none = any("graph will not be executed by the delegate" in line for line in lines)
    return Output(
        warm_up=statistics[0] if statistics else None,
        measured=statistics[1] if len(statistics) > 1 else None,
        delegated=tuple(delegated),
        failures=tuple(m[0] for line in lines if (m := _FAILURE.search(line))),
        accelerated="none" if none else "partly" if part else "whole" if whole else None,
    )


def _statistics(line: str) -> Statistics | None:
    found = _STATISTICS.search(line)
    if found is None:
        return None
    values = {name: float(value) for name, value in _VALUE.findall(found[2])}
    return Statistics(count=int(found[1]), values=values)
