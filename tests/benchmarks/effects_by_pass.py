"""What passes in turns say of their files, small enough to be stored and looked at again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from bench.sessions.record import Session
from bench.statistics.ratios import Ratio, ratio_over_passes
from bench.statistics.relative import Level, pass_effects
from bench.statistics.stats import medians_ms
from devices.records import RunRequest

# The logarithm of each file's time among those of its pass, by the pass's number.
Effects = Mapping[str, Mapping[str, float]]


def file_name(request: RunRequest) -> str:
    return f"{request.model} {request.runtime} {request.precision}"


def effects_by_pass(sessions: Sequence[Session]) -> dict[str, dict[str, float]]:
    """Of sessions that count, of one run."""
    found = pass_effects(map(Level.of, sessions))
    passes: dict[str, dict[str, float]] = defaultdict(dict)
    for session in sessions:
        passes[str(session.round)][file_name(session.request)] = found[session.id]
    return dict(passes)


def p50_by_file(sessions: Sequence[Session]) -> dict[str, float]:
    """In ms, the mean over the sessions."""
    medians: dict[str, list[float]] = defaultdict(list)
    for session in sessions:
        medians[file_name(session.request)] += medians_ms([session])
    return {name: fmean(found) for name, found in medians.items()}


def ratio_of(passes: Effects, file: str, reference: str) -> Ratio:
    """By the passes that both were in."""
    both = [each for each in passes.values() if file in each and reference in each]
    return ratio_over_passes([each[file] - each[reference] for each in both])


def files_in(passes: Effects) -> set[str]:
    return {file for each in passes.values() for file in each}
