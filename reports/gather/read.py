"""Reads what is stored: from the index where it is of today, else from the sessions themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.gather.digest import Digest, digests_of
from reports.gather.effects import with_effects
from reports.gather.index import Stamp, read_index, write_index
from zoo.base.errors import RecordError
from zoo.home import Home


def read_digests(homes: Sequence[Home]) -> tuple[list[Digest], list[RecordError]]:
    """Of every session stored in `homes`, oldest first, and the problems met."""
    digests: list[Digest] = []
    problems: list[RecordError] = []
    for home in homes:
        found, met = _read_home(home)
        digests += found
        problems += met
    digests.sort(key=lambda digest: (digest.started_at, digest.position))
    return digests, problems


def _read_home(home: Home) -> tuple[list[Digest], list[RecordError]]:
    files = _files(home)
    known = read_index(home, files)
    read = list(digests_of([(home, path) for path in files if path not in known]))
    problems = [one for one in read if isinstance(one, RecordError)]
    fresh = {one.path: one for one in read if isinstance(one, Digest)}
    there = known | fresh
    digests = with_effects([there[path] for path in files if path in there])
    changed = [one for one in digests if known.get(one.path) is not one]
    if changed:
        write_index(home, changed, files)
    return digests, problems


def _files(home: Home) -> dict[Path, Stamp]:
    """Size and time of change of every session's file, by path."""
    found: dict[Path, Stamp] = {}
    for path in sorted(home.results.glob("*/*.json"), key=str):
        seen = path.stat()
        found[path] = (seen.st_size, seen.st_mtime_ns)
    return found
