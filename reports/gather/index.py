"""An index beside the sessions: the digest of each, so that a session is read once.

The JSON files are the truth. An entry is of a file's name, size and time of change, and of the code
that made it: where one of these is another, the file is read again. The index can be removed at any
time. Where it cannot be read or written, nothing is lost but time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

import bench.sessions
import bench.statistics
import devices
import reports.gather
from bench.sessions.record import Plan
from devices.base import DeviceInfo, RunRequest
from reports.gather.digest import Digest
from zoo.base.files import sha256_of_json
from zoo.base.frozen import Frozen
from zoo.home import Home

NAME = ".digests.sqlite"
# How long to wait for another command that writes it.
PATIENCE_S = 2.0
# Many sessions have these in common, so each value is kept, and read, once.
SHARED: Mapping[str, type[Frozen]] = {
    "request": RunRequest,
    "reference": RunRequest,
    "device": DeviceInfo,
    "plan": Plan,
}
_TABLES = (
    "CREATE TABLE IF NOT EXISTS made_by (code TEXT)",
    "CREATE TABLE IF NOT EXISTS shared (value TEXT PRIMARY KEY, id INTEGER)",
    "CREATE TABLE IF NOT EXISTS digests (path TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER,"
    " request INTEGER, reference INTEGER, device INTEGER, plan INTEGER, figures TEXT)",
)
_ADAPTER = TypeAdapter(Digest)

Stamp = tuple[int, int]


def read_index(home: Home, files: Mapping[Path, Stamp]) -> dict[Path, Digest]:
    """The digests that are still those of their files; files: size and time of change of each."""
    path = home.results / NAME
    if not path.is_file():
        return {}
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as index:
            if index.execute("SELECT code FROM made_by").fetchone() != (_code(),):
                return {}
            shared = dict(index.execute("SELECT id, value FROM shared"))
            rows = index.execute("SELECT * FROM digests").fetchall()
        return _digests(home, files, shared, rows)
    except (sqlite3.Error, ValidationError, ValueError, KeyError, TypeError):
        return {}


def write_index(home: Home, digests: Sequence[Digest], files: Mapping[Path, Stamp]) -> None:
    """Keep these in place of what was there of the same files, and drop files that are gone."""
    try:
        with closing(sqlite3.connect(home.results / NAME, timeout=PATIENCE_S)) as index, index:
            _prepare(index)
            kept = {key for (key,) in index.execute("SELECT path FROM digests")}
            gone = kept - {_key(home, path) for path in files}
            index.executemany("DELETE FROM digests WHERE path = ?", [(key,) for key in gone])
            ids: dict[str, int] = dict(index.execute("SELECT value, id FROM shared"))
            rows = [_row(home, digest, files[digest.path], ids) for digest in digests]
            index.executemany("INSERT OR IGNORE INTO shared VALUES (?, ?)", ids.items())
            index.executemany("INSERT OR REPLACE INTO digests VALUES (?,?,?,?,?,?,?,?)", rows)
    except sqlite3.Error:
        # A folder that can only be read, a full disk, another command, a file that is no index.
        return


def _prepare(index: sqlite3.Connection) -> None:
    index.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        index.execute(table)
    if index.execute("SELECT code FROM made_by").fetchone() != (_code(),):
        for table in ("made_by", "digests", "shared"):
            index.execute(f"DELETE FROM {table}")
        index.execute("INSERT INTO made_by VALUES (?)", (_code(),))


def _row(home: Home, digest: Digest, stamp: Stamp, ids: dict[str, int]) -> tuple[Any, ...]:
    values = [getattr(digest, name) for name in SHARED]
    texts = [None if value is None else value.model_dump_json() for value in values]
    shared = [None if text is None else ids.setdefault(text, len(ids)) for text in texts]
    figures = _ADAPTER.dump_python(digest, mode="json", exclude={"path", "home", "turns", *SHARED})
    return (_key(home, digest.path), *stamp, *shared, json.dumps(figures))


def _digests(
    home: Home, files: Mapping[Path, Stamp], shared: Mapping[int, str], rows: Sequence[Any]
) -> dict[Path, Digest]:
    @cache
    def value(kind: type[Frozen], id: int | None) -> Frozen | None:
        return None if id is None else kind.model_validate_json(shared[id])

    found = {}
    for key, size, changed_ns, *ids, figures in rows:
        path = home.results / key
        if files.get(path) != (size, changed_ns):
            continue
        common = {name: value(SHARED[name], id) for name, id in zip(SHARED, ids, strict=True)}
        record = {**json.loads(figures), **common, "path": path, "home": home}
        found[path] = _ADAPTER.validate_python(record)
    return found


def _key(home: Home, path: Path) -> str:
    return path.relative_to(home.results).as_posix()


@cache
def _code() -> str:
    """Of the sources that a digest is worked out by."""
    folders = (bench.sessions, bench.statistics, reports.gather, devices)
    paths = [path for folder in folders for path in sorted(Path(folder.__path__[0]).glob("*.py"))]
    return sha256_of_json({str(place): path.read_text() for place, path in enumerate(paths)})
