"""What must not be pooled: runs on cores that others used as well, and runs left alone; one file
with its runtime set otherwise, or partly on the CPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bench.sessions.record import Session
from bench.statistics.bursts import Evidence, turns_of

# Of a run's samples: from this share of interrupted ones on its cores were plainly not its own.
CONTENDED = 0.2
CONTENDED_CORES = "cores contended"


def contended_batches(counts: Iterable[tuple[str, int, int]]) -> Mapping[str, bool]:
    """By run, whether its cores were contended. counts: of each session its run, how many of its
    samples were interrupted, and how many there were."""
    interrupted: dict[str, int] = defaultdict(int)
    samples: dict[str, int] = defaultdict(int)
    for batch, some, every in counts:
        interrupted[batch] += some
        samples[batch] += every
    return {batch: interrupted[batch] >= CONTENDED * every > 0 for batch, every in samples.items()}


def counts_of(session: Session) -> tuple[str, int, int]:
    """For `contended_batches`; of a session that took no turns nothing is known, nor where nothing
    tells what was interrupted."""
    if not turns_of(session):
        return session.batch, 0, 0
    found = Evidence.of(session)
    if found.interrupted is None:
        return session.batch, 0, 0
    return session.batch, found.samples - found.uninterrupted, found.samples


def alike(sessions: Sequence[Session]) -> list[Session]:
    """Without what is unlike the latest: runs of plainly another load, and of each file the
    sessions in which its runtime ran it in another way."""
    latest = {s.request: _way(s) for s in sessions if s.run is not None}
    return _alike_load([s for s in sessions if s.run is None or _way(s) == latest[s.request]])


def _way(session: Session) -> tuple[str | None, str | None]:
    return (session.run.settings, session.run.fallback) if session.run else (None, None)


def _alike_load(sessions: Sequence[Session]) -> list[Session]:
    in_turns = [session for session in sessions if turns_of(session)]
    if not in_turns:
        return list(sessions)
    contended = contended_batches(map(counts_of, in_turns))
    latest = contended[in_turns[-1].batch]
    return [s for s in sessions if contended.get(s.batch, latest) == latest]
