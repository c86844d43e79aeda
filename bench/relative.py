"""Latency relative to the reference of the same round: the device's drift divided out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bench.record import Session
from bench.stats import session_median_ms


def relative_logs(sessions: Iterable[Session]) -> dict[str, float]:
    """By session id: the logarithm of its median over that of its reference.

    The reference's sessions nearest before and after it in the round stand for the device's speed
    at that moment. A session without one in its round is left out. Give steady sessions only.
    """
    rounds: dict[tuple[str, int], list[Session]] = defaultdict(list)
    for session in sessions:
        if session.timed:
            rounds[session.batch, session.round].append(session)
    logs = {}
    for members in rounds.values():
        for session in members:
            nearest = _nearest([s for s in members if s.request == session.reference], session)
            if nearest:
                levels = [math.log(session_median_ms(one)) for one in nearest]
                logs[session.id] = math.log(session_median_ms(session)) - sum(levels) / len(levels)
    return logs


def _nearest(references: Sequence[Session], session: Session) -> list[Session]:
    """The last one before and the first one after, as far as there are."""
    before = [s for s in references if s.position < session.position]
    after = [s for s in references if s.position > session.position]
    found = []
    if before:
        found.append(max(before, key=lambda s: s.position))
    if after:
        found.append(min(after, key=lambda s: s.position))
    return found
