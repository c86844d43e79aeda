"""Latency relative to the reference of the same pass: the device's own speed divided out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.sessions.record import Session
from bench.statistics.bursts import log_figure, turns_of
from bench.statistics.neighbours import file_effects
from bench.statistics.stats import session_median_ms
from devices.base import RunRequest


@dataclass(frozen=True, kw_only=True)
class Level:
    """A session's median, None where it has none, and its place among the others of its run.

    turns: round, position and the logarithm of each turn's figure; empty where it took none.
    """

    id: str
    batch: str
    round: int
    position: int
    request: RunRequest
    reference: RunRequest | None
    median_ms: float | None
    turns: tuple[tuple[int, int, float], ...] = ()

    @classmethod
    def of(cls, session: Session) -> Level:
        figures = [(b.round, b.position, log_figure(b, session.request)) for b in turns_of(session)]
        return cls(
            id=session.id,
            batch=session.batch,
            round=session.round,
            position=session.position,
            request=session.request,
            reference=session.reference,
            median_ms=session_median_ms(session) if session.timed else None,
            turns=tuple((at, place, found) for at, place, found in figures if found is not None),
        )


def relative_logs(sessions: Iterable[Session]) -> dict[str, float]:
    """As `relative_levels`, of sessions as they are stored. Give those only that count."""
    levels = [Level.of(session) for session in sessions]
    return relative_levels(levels, pass_effects(levels))


def pass_effects(levels: Iterable[Level]) -> dict[str, float]:
    """By session id, of files that took turns: the logarithm of the file's time among those of its
    pass, by neighbouring turns. Two of one pass can be subtracted."""
    effects: dict[str, float] = {}
    for members in _passes(level for level in levels if level.turns):
        order = sorted(
            (at, place, file, found)
            for file, level in enumerate(members)
            for at, place, found in level.turns
        )
        found = file_effects([file for _, _, file, _ in order], [log for *_, log in order])
        effects |= {level.id: float(found[file]) for file, level in enumerate(members)}
    return effects


def relative_levels(levels: Iterable[Level], effects: Mapping[str, float]) -> dict[str, float]:
    """By session id: the logarithm of its time over that of its reference in the same pass.

    effects: those of `pass_effects`; a file that took no turns stands beside the reference's
    sessions nearest before and after it, which tell the device's speed at that moment. A session
    without a reference in its pass is left out.
    """
    logs: dict[str, float] = {}
    for members in _passes(levels):
        in_turns = [one for one in members if one.id in effects]
        of_request = {one.request: effects[one.id] for one in in_turns}
        logs |= {
            one.id: effects[one.id] - of_request[one.reference]
            for one in in_turns
            if one.reference in of_request
        }
        logs |= _in_a_row([m for m in members if m.id not in effects and m.median_ms is not None])
    return logs


def _passes(levels: Iterable[Level]) -> Iterable[list[Level]]:
    passes: dict[tuple[str, int], list[Level]] = defaultdict(list)
    for level in levels:
        passes[level.batch, level.round].append(level)
    return passes.values()


def _in_a_row(members: Sequence[Level]) -> dict[str, float]:
    of_request: Mapping[RunRequest | None, list[tuple[Level, float]]] = defaultdict(list)
    for level in members:
        of_request[level.request].append((level, math.log(level.median_ms or 1.0)))
    logs = {}
    for own in of_request.values():
        for level, log in own:
            nearest = _nearest(of_request.get(level.reference, []), level)
            if nearest:
                logs[level.id] = log - sum(nearest) / len(nearest)
    return logs


def _nearest(references: Sequence[tuple[Level, float]], level: Level) -> list[float]:
    """Of the last one before and the first one after, as far as there are."""
    before = [(one.position, log) for one, log in references if one.position < level.position]
    after = [(one.position, log) for one, log in references if one.position > level.position]
    found = [max(before)] if before else []
    found += [min(after)] if after else []
    return [log for _, log in found]
