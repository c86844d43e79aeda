"""Latency relative to the reference of the same round: the device's drift divided out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.record import Session
from bench.stats import session_median_ms
from devices.base import RunRequest


@dataclass(frozen=True, kw_only=True)
class Level:
    """A session's median, None where it has none, and its place among the others of its run."""

    id: str
    batch: str
    round: int
    position: int
    request: RunRequest
    reference: RunRequest | None
    median_ms: float | None

    @classmethod
    def of(cls, session: Session) -> Level:
        return cls(
            id=session.id,
            batch=session.batch,
            round=session.round,
            position=session.position,
            request=session.request,
            reference=session.reference,
            median_ms=session_median_ms(session) if session.timed else None,
        )


def relative_logs(sessions: Iterable[Session]) -> dict[str, float]:
    """As `relative_levels`, of sessions as they are stored. Give steady ones only."""
    return relative_levels(Level.of(session) for session in sessions)


def relative_levels(levels: Iterable[Level]) -> dict[str, float]:
    """By session id: the logarithm of its median over that of its reference.

    The reference's sessions nearest before and after it in the round stand for the device's speed
    at that moment. A session without one in its round is left out.
    """
    rounds: dict[tuple[str, int], list[tuple[Level, float]]] = defaultdict(list)
    for level in levels:
        if level.median_ms is not None:
            rounds[level.batch, level.round].append((level, math.log(level.median_ms)))
    logs = {}
    for members in rounds.values():
        of_request: dict[RunRequest | None, list[tuple[Level, float]]] = defaultdict(list)
        for level, log in members:
            of_request[level.request].append((level, log))
        for level, log in members:
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
