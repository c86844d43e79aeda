"""Each session's time among those of its pass, worked out once and kept with its digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.sessions.store import read_session
from bench.statistics.relative import Level, pass_effects
from reports.stored.digest import Digest
from reports.stored.sessions import Sessions


def with_effects(digests: Sequence[Digest]) -> list[Digest]:
    """The same digests in the same order, each with its effect and without its turns; all those of
    a pass are to be among them. Raises RecordError.

    Turns are not kept, so that those of a pass which has other sessions now are read again.
    """
    passes: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, digest in enumerate(digests):
        if digest.verdict.counts:
            passes[digest.batch, digest.round].append(place)
    found: dict[int, Digest] = {}
    for places in passes.values():
        effects = pass_effects(_level(digests[place]) for place in places)
        for place in places:
            effect = effects.get(digests[place].id)
            found[place] = replace(digests[place], turns=(), effect=effect)
    return [found.get(place, digest) for place, digest in enumerate(digests)]


def _level(digest: Digest) -> Level:
    return digest if digest.effect is None else Level.of(read_session(digest.path))


def joined_effects(sessions: Sessions) -> Sessions:
    """With the effects of passes whose sessions lie in several folders, among all of them. Raises
    RecordError."""
    counted = np.flatnonzero(sessions.counts & ~np.isnan(sessions.figures["effect"]))
    passes, _ = sessions.passes
    homes, folders = sessions.shared["home"].codes, sessions.shared["folder"].codes
    where = homes.astype(np.int64) * (1 + int(folders.max(initial=0))) + folders
    once = np.unique(np.stack([passes[counted], where[counted]], axis=-1), axis=0)[:, 0]
    apart, many = np.unique(once, return_counts=True)
    places = counted[np.isin(passes[counted], apart[many > 1])].tolist()
    if not places:
        return sessions
    effects = np.array(sessions.figures["effect"])
    for place, digest in zip(places, with_effects(list(map(sessions.digest, places))), strict=True):
        effects[place] = np.nan if digest.effect is None else digest.effect
    return sessions.changed({"effect": effects})
