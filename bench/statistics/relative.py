"""Latency relative to the reference of the same pass: the device's own speed divided out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.sessions.record import Session
from bench.statistics.bursts import log_figure, turns_of
from bench.statistics.neighbours import file_effects
from bench.statistics.stats import session_median_ms
from devices.records import RunRequest

Float64 = NDArray[np.float64]
Numbers = NDArray[np.int64]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Sessions that count, an array of each thing that is to be known of them.

    passes, requests: numbers that tell them apart. references: the number of the request that each
    stands beside, -1 for none. logs: of the medians, NaN where there is none. effects: those of
    `pass_effects`, NaN for sessions that took no turns.
    """

    passes: Numbers
    requests: Numbers
    references: Numbers
    positions: Numbers
    logs: Float64
    effects: Float64


def relative_logs(sessions: Iterable[Session]) -> dict[str, float]:
    """By session id: the logarithm of its time over that of its reference in the same pass; a
    session without one is left out. Give those only that count."""
    levels = [Level.of(session) for session in sessions]
    effects = pass_effects(levels)
    found = logs_to_references(_standing(levels, [effects.get(one.id) for one in levels]))
    known = zip(levels, found.tolist(), strict=True)
    return {level.id: log for level, log in known if not math.isnan(log)}


def pass_effects(levels: Iterable[Level]) -> dict[str, float]:
    """By session id, of files that took turns: the logarithm of the file's time among those of its
    pass, by neighbouring turns. Two of one pass can be subtracted."""
    effects: dict[str, float] = {}
    passes: dict[tuple[str, int], list[Level]] = defaultdict(list)
    for level in levels:
        if level.turns:
            passes[level.batch, level.round].append(level)
    for members in passes.values():
        order = sorted(
            (at, place, file, found)
            for file, level in enumerate(members)
            for at, place, found in level.turns
        )
        found = file_effects([file for _, _, file, _ in order], [log for *_, log in order])
        effects |= {level.id: float(found[file]) for file, level in enumerate(members)}
    return effects


def logs_to_references(sessions: Standing) -> Float64:
    """The logarithm of each one's time over that of its reference in the same pass; NaN where none
    is there.

    Of files that took turns it is the difference of their effects. A file that took none stands
    beside the reference's sessions nearest before and after it, which tell the device's speed at
    that moment.
    """
    count = 1 + int(max(sessions.requests.max(initial=-1), sessions.references.max(initial=-1)))
    own = sessions.passes * count + sessions.requests
    sought = sessions.passes * count + sessions.references
    beside = sessions.references >= 0
    found = np.full(len(own), np.nan)
    in_turns = ~np.isnan(sessions.effects)
    asked = np.flatnonzero(in_turns & beside)
    known = np.flatnonzero(in_turns)
    found[asked] = sessions.effects[asked] - _last_of(
        own[known], sessions.effects[known], sought[asked]
    )
    in_a_row = ~in_turns & ~np.isnan(sessions.logs)
    asked, known = np.flatnonzero(in_a_row & beside), np.flatnonzero(in_a_row)
    found[asked] = sessions.logs[asked] - _nearest(sessions, known, asked, own, sought)
    return found


def _last_of(keys: Numbers, values: Float64, sought: Numbers) -> Float64:
    """The last value of each sought key, NaN where no key is that one."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    return _at(keys, values[order], np.searchsorted(keys, sought, "right") - 1, sought)


def _nearest(
    sessions: Standing, known: Numbers, asked: Numbers, own: Numbers, sought: Numbers
) -> Float64:
    """For each of those asked: the mean of the last log before it and the first one after it, of
    the sessions of its reference in its pass, as far as there are."""
    _, positions = np.unique(sessions.positions, return_inverse=True)
    order = known[np.lexsort((sessions.logs[known], positions[known], own[known]))]
    keys, logs = own[order], sessions.logs[order]
    width = 1 + int(positions.max(initial=0))
    line, moments = keys * width + positions[order], sought[asked] * width + positions[asked]
    before = _at(keys, logs, np.searchsorted(line, moments, "left") - 1, sought[asked])
    after = _at(keys, logs, np.searchsorted(line, moments, "right"), sought[asked])
    both = np.where(np.isnan(before), after, (before + after) / 2)
    return np.where(np.isnan(after), before, both)


def _at(keys: Numbers, values: Float64, places: Numbers, sought: Numbers) -> Float64:
    """The values at these places, NaN where a place is outside or of another key."""
    found = np.full(len(sought), np.nan)
    inside = np.flatnonzero((places >= 0) & (places < len(keys)))
    inside = inside[keys[places[inside]] == sought[inside]]
    found[inside] = values[places[inside]]
    return found


def _standing(levels: Sequence[Level], effects: Sequence[float | None]) -> Standing:
    numbers: dict[object, int] = {}

    def number(value: object) -> int:
        return -1 if value is None else numbers.setdefault(value, len(numbers))

    def numbered(values: Iterable[object]) -> Numbers:
        return np.array([number(value) for value in values], dtype=np.int64)

    return Standing(
        passes=numbered((one.batch, one.round) for one in levels),
        requests=numbered(one.request for one in levels),
        references=numbered(one.reference for one in levels),
        positions=np.array([one.position for one in levels], dtype=np.int64),
        logs=np.array([math.log(m) if (m := one.median_ms) else np.nan for one in levels]),
        effects=np.array([np.nan if one is None else one for one in effects], dtype=np.float64),
    )
