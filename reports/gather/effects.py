"""Each session's time among those of its pass, worked out once and kept with its digest."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.sessions.store import read_session
from bench.statistics.relative import Level, pass_effects
from reports.gather.digest import Digest


def with_effects(digests: Sequence[Digest]) -> list[Digest]:
    """The same digests in the same order, each with its effect and without its turns.

    Those of a pass stand beside one another only as long as the same sessions are in it. Where
    another set is there, its sessions' turns are read again. Raises RecordError."""
    found: dict[int, Digest] = {}
    for places, key in _passes(digests):
        members = [digests[place] for place in places]
        if all(one.effect_among == key for one in members):
            continue
        effects = pass_effects(map(_level, members))
        for place, one in zip(places, members, strict=True):
            effect = effects.get(one.id)
            found[place] = replace(one, turns=(), effect=effect, effect_among=key)
    return [found.get(place, digest) for place, digest in enumerate(digests)]


def _passes(digests: Sequence[Digest]) -> Iterable[tuple[list[int], str]]:
    """Of those that count: the places of each pass's sessions, and a hash of which they are."""
    passes: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, digest in enumerate(digests):
        if digest.verdict.counts:
            passes[digest.batch, digest.round].append(place)
    for places in passes.values():
        ids = " ".join(sorted(digests[place].id for place in places))
        yield places, hashlib.sha256(ids.encode()).hexdigest()[:16]


def _level(digest: Digest) -> Level:
    return digest if digest.effect_among is None else Level.of(read_session(digest.path))
