"""Compares ways of running a model that are exactly one declared factor apart, measured in turns.

The two take turns within milliseconds. Each pass gives one ratio, and the passes are the
replicates. Sessions that lie in the store already are compared in stored.py: nothing is paired.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.protocol import Known
from bench.sessions.record import Plan, Session
from bench.statistics.bursts import OF_CPU_TIME, by_cpu
from bench.statistics.ratios import Ratio, holm, sessions_needed
from bench.statistics.stats import CONFIDENCE, Quantile, across_passes, medians_ms
from bench.work.item import Work
from bench.work.subject import Subject
from bench.work.typed_inputs import said, typed_file, written
from zoo.base.errors import BenchError
from zoo.runtime.runtime import engine


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of those compared: its name in the comparison, and the latency of its sessions by itself
    (None where none counts). by_cpu: some of them are of CPU time."""

    name: str
    p50_ms: Quantile | None
    by_cpu: bool

    @classmethod
    def of(cls, name: str, counted: Sequence[Session]) -> Side:
        medians = medians_ms(counted)
        p50 = across_passes(medians) if medians else None
        return cls(name=name, p50_ms=p50, by_cpu=any(map(by_cpu, counted)))

    @property
    def clock(self) -> str:
        """What is said behind p50 where it is less than a user waits."""
        return OF_CPU_TIME if self.by_cpu else ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How the latency of `candidate` stands to that of `baseline`.

    ratio is None where sessions of one of them are missing. how: how its replicates stood to each
    other, in words that follow "12 passes".
    adjusted_p: the p-value after Holm's correction over all comparisons made together.
    """

    baseline: Side
    candidate: Side
    factor: str
    how: str
    ratio: Ratio | None
    adjusted_p: float

    @property
    def distinguishable(self) -> bool:
        """Whether the latencies differ, at the 95 % level over all comparisons together."""
        found = self.ratio
        return found is not None and found.differs and self.adjusted_p <= 1 - CONFIDENCE

    def slower_than(self, share: float) -> bool:
        """Whether the candidate is distinguishably slower, and by more than `share`."""
        return self.distinguishable and self.ratio is not None and self.ratio.value > 1 + share

    def untold(self, share: float) -> bool:
        """Whether it cannot be told if the candidate is slower by more than `share`: it is not
        distinguishably so, but its interval reaches beyond, or there is none."""
        if self.ratio is None or self.slower_than(share):
            return False
        return self.ratio.high is None or self.ratio.high > 1 + share

    @property
    def more_needed(self) -> int | None:
        """About how many more replicates, of either side, would tell the difference that was
        seen."""
        if self.ratio is None or self.distinguishable:
            return None
        needed = sessions_needed(self.ratio, abs(math.log(self.ratio.value)))
        return None if needed is None else max(1, needed - max(self.ratio.counts))


def factor_of(subjects: Sequence[Subject], declared: str | None = None) -> str:
    """The one thing in which the subjects differ; raises BenchError where it is not one. declared:
    `format` says that files are one network in two formats, each in a runtime of its own."""
    first, *others = subjects
    factors = {name for other in others for name in _differences(first, other)}
    if declared == "format" and "format" in factors and factors <= {"format", "file", "runtime"}:
        return declared
    factors.discard("format")
    if len(factors) == 1 and declared is None:
        return factors.pop()
    found = f"{' and '.join(sorted(factors))} differ" if factors else "nothing differs"
    if declared:
        raise BenchError(
            f"{found} between what is compared",
            expected="files of two formats, with the same threads: --factor format",
            remedy="bench compare mine.onnx mine.tflite --factor format",
        )
    remedy = "bench compare A B --runtime litert, or bench compare A --threads 1 --threads 2"
    if factors == {"file", "runtime"}:
        remedy = f"if they are one network in two formats: {_in_two_formats(subjects)}"
    raise BenchError(
        f"{found} between what is compared",
        expected="exactly one of variant, file, precision, runtime, threads",
        remedy=remedy,
    )


def _in_two_formats(subjects: Sequence[Subject]) -> str:
    """The command that says so, and what was said of inputs once more."""
    names = [
        typed_file(one.what) if isinstance(one.what, Path) else one.what.name for one in subjects
    ]
    options = written(said(subjects[0].inputs), subjects[0].signature)
    return " ".join(["bench compare", *dict.fromkeys(names), "--factor format", *options])


def _differences(one: Subject, other: Subject) -> set[str]:
    names = {n for n in ("runtime", "precision", "threads") if getattr(one, n) != getattr(other, n)}
    if one.what != other.what:
        files = isinstance(one.what, Path) or isinstance(other.what, Path)
        names.add("file" if files else "variant")
        if engine(one.runtime).format != engine(other.runtime).format:
            names.add("format")
    return names


def in_turns(work: Sequence[Work]) -> list[Work]:
    """The first is the baseline, and the reference of all the others."""
    requests = [one.request for one in work]
    for request in requests:
        if requests.count(request) > 1:
            raise BenchError(
                f"{request.model} stands twice, and is the same in every way",
                expected="two that differ in content, or a copy of another name",
                remedy="give a copy another name",
            )
    baseline, *others = work
    return [baseline, *(replace(one, reference=baseline.request) for one in others)]


def compared(
    work: Sequence[Work],
    names: Sequence[str],
    sessions: Sequence[Session],
    plan: Plan,
    factor: str,
) -> list[Comparison]:
    """Each of the others against the first, from sessions of the same passes."""
    known = Known.of(sessions, plan)
    sides = [Side.of(name, known.of_work(one)) for name, one in zip(names, work, strict=True)]
    ratios = [known.ratio(one) for one in work[1:]]
    how = "in turns" if plan.loop.turns else "measured one after the other"
    return against_first(sides, ratios, factor, how)


def against_first(
    sides: Sequence[Side], ratios: Sequence[Ratio | None], factor: str, how: str
) -> list[Comparison]:
    """One comparison for each side but the first, the p-values corrected for their number."""
    baseline, *others = sides
    adjusted = holm([ratio.p if ratio else 1.0 for ratio in ratios])
    return [
        Comparison(
            baseline=baseline,
            candidate=side,
            factor=factor,
            how=how,
            ratio=ratio,
            adjusted_p=p,
        )
        for side, ratio, p in zip(others, ratios, adjusted, strict=True)
    ]
