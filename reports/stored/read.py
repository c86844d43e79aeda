"""Reads what is stored: from the index where it is of today, else from the sessions themselves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reports.stored.digest import MANY, Digest, digests_of
from reports.stored.effects import with_effects
from reports.stored.index import Kept, read_index, write_index
from reports.stored.sessions import STARTED, Sessions
from zoo.base.errors import RecordError
from zoo.base.progress import track
from zoo.home import Home


@dataclass(frozen=True, kw_only=True, eq=False)
class Folder:
    """The sessions of one device in one home. names: of the files there, in order. stamps: the
    size, and the time of change in ns, of each. kept: by the index."""

    home: Home
    path: Path
    names: NDArray[np.bytes_]
    stamps: NDArray[np.int64]
    kept: Kept

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Which of those kept are still those of their files."""
        kept = self.kept
        if not len(self.names):
            return np.zeros(len(kept.sessions), dtype=np.bool_)
        places = np.searchsorted(self.names, kept.sessions.names)
        places = np.minimum(places, len(self.names) - 1)
        same = (self.stamps[places] == kept.stamps).all(axis=-1)
        found: NDArray[np.bool_] = same & (self.names[places] == kept.sessions.names)
        return found

    @cached_property
    def missing(self) -> list[Path]:
        """The files that are to be read."""
        names = self.names[~np.isin(self.names, self.kept.sessions.names[self.valid])]
        return [self.path / os.fsdecode(name) for name in names.tolist()]


def read_sessions(homes: Sequence[Home], again: bool = False) -> tuple[Sessions, list[RecordError]]:
    """Every session stored in `homes`, oldest first, and the problems met. again: read each file,
    whatever the index has."""
    folders = [
        _folder(home, path, again) for home in homes for path in sorted(home.results.glob("*/"))
    ]
    missing = [(one.home, path) for one in folders for path in one.missing]
    read = digests_of(missing)
    if len(missing) >= MANY:
        read = track(read, "reading", "sessions", len(missing))
    parts: list[Sessions] = []
    problems: list[RecordError] = []
    # Of very many sessions no column is held twice for long.
    while folders:
        folder = folders.pop(0)
        found = list(islice(read, len(folder.missing)))
        problems += [one for one in found if isinstance(one, RecordError)]
        parts.append(_completed(folder, [one for one in found if isinstance(one, Digest)]))
    sessions = Sessions.joined(parts)
    parts.clear()
    order = np.lexsort((sessions.figures["position"], sessions.figures[STARTED]))
    return sessions.take(order), problems


def verify(homes: Sequence[Home]) -> tuple[int, int]:
    """Read every session again; how many there are, and of how many the index had something else.
    It has the truth then."""
    kept, _ = read_sessions(homes)
    truth, _ = read_sessions(homes, again=True)
    unlike = kept.unlike(truth) if np.array_equal(kept.ids, truth.ids) else len(truth)
    return len(truth), unlike


def _folder(home: Home, path: Path, again: bool) -> Folder:
    files = sorted(_files(path))
    kept = None if again else read_index(home, path)
    return Folder(
        home=home,
        path=path,
        names=np.array([name for name, _, _ in files], dtype=np.bytes_),
        stamps=np.array([stamp for _, *stamp in files], dtype=np.int64).reshape(-1, 2),
        kept=kept or Kept(sessions=Sessions.of([]), stamps=np.empty((0, 2), np.int64)),
    )


def _files(folder: Path) -> Iterator[tuple[bytes, int, int]]:
    """Name, size and time of change; what begins with a dot is being written, or is no session."""
    with suppress(FileNotFoundError), os.scandir(os.fsencode(folder)) as entries:
        for entry in entries:
            if entry.name.endswith(b".json") and not entry.name.startswith(b"."):
                with suppress(FileNotFoundError):
                    seen = entry.stat()
                    yield entry.name, seen.st_size, seen.st_mtime_ns


def _completed(folder: Folder, read: Sequence[Digest]) -> Sessions:
    """Those kept that are valid and those read, by name; the index then has the same."""
    sessions, valid = folder.kept.sessions, folder.valid
    if not read and valid.all():
        return sessions
    touched = {(one.batch, one.round) for one in read}
    touched |= set(_passes(sessions, np.flatnonzero(~valid)))
    places = np.flatnonzero(valid)
    again = np.array([at in touched for at in _passes(sessions, places)], dtype=np.bool_)
    known = map(sessions.digest, places[again].tolist())
    fresh = with_effects(sorted([*known, *read], key=lambda one: one.path.name))
    found = Sessions.joined([sessions.take(places[~again]), Sessions.of(fresh)])
    found = found.take(np.argsort(found.names))
    stamps = folder.stamps[np.searchsorted(folder.names, found.names)]
    write_index(folder.path, Kept(sessions=found, stamps=stamps))
    return found


def _passes(sessions: Sessions, places: NDArray[np.intp]) -> Iterable[tuple[str, int]]:
    numbers, at = sessions.passes
    return (at[number] for number in numbers[places].tolist())
