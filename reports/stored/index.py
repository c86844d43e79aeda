"""An index in each folder of sessions: the digests of them as a Parquet file, so that a session is
read once.

The JSON files are the truth. A row is of a file's name, size and time of change, and the index is
of the code that made it: where one of these is another, the session is read again. The index can be
removed at any time. Where it cannot be read or written, nothing is lost but time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import TypeAdapter

import bench.sessions
import bench.statistics
import devices
import reports.stored
import zoo.runtime
from bench.sessions.record import OwnFile, Plan
from bench.statistics.verdict import Verdict
from devices.records import DeviceInfo, RunRequest
from reports.stored.sessions import SHARED, Sessions, Shared
from zoo.base.errors import StorageError
from zoo.base.files import replacing, sha256_of_json
from zoo.home import Home

NAME = ".digests.parquet"
# Those that are no text.
KINDS: Mapping[str, Any] = {
    "request": RunRequest,
    "reference": RunRequest,
    "device": DeviceInfo,
    "plan": Plan,
    "verdict": Verdict,
    "own": OwnFile,
    "known": tuple[str, ...],
    "unknown": tuple[str, ...],
}
_ADAPTERS = {name: TypeAdapter(KINDS.get(name, str)) for name in SHARED}
_CODE = b"code"
# In JSON, as all the texts are.
NOTHING = "null"


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """stamps: of each session's file the size, and the time of change in ns, [sessions, 2]."""

    sessions: Sessions
    stamps: NDArray[np.int64]


def read_index(home: Home, folder: Path) -> Kept | None:
    """What was kept of the sessions in `folder`; None where nothing was by the code of today."""
    try:
        if pq.read_schema(folder / NAME).metadata.get(_CODE) != _code():
            return None
        # Unlike pq.read_table it does without pandas, which takes longer to import than all this.
        with pq.ParquetFile(folder / NAME, read_dictionary=list(SHARED)) as stored:
            table = stored.read().combine_chunks()
        table.validate(full=True)
        return _kept(home, folder, table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        return None


def write_index(folder: Path, kept: Kept) -> None:
    """Keep these in place of all that was kept of `folder`."""
    try:
        with replacing(folder / NAME) as path:
            pq.write_table(_table(kept), path, compression="zstd")
    except (OSError, StorageError, pa.ArrowException):
        # A folder that can only be read, a full disk, something else of that name.
        return


def _table(kept: Kept) -> pa.Table:
    sessions = kept.sessions
    columns = {
        "name": pa.array(sessions.names.tolist(), pa.binary()),
        "id": pa.array(sessions.ids.tolist(), pa.binary()),
        "size": pa.array(kept.stamps[:, 0]),
        "changed_ns": pa.array(kept.stamps[:, 1]),
        **{name: pa.array(figures) for name, figures in sessions.figures.items()},
        **{name: _texts(name, sessions.shared[name]) for name in SHARED},
    }
    return pa.table(columns).replace_schema_metadata({_CODE: _code()})


def _texts(name: str, shared: Shared) -> pa.DictionaryArray:
    """Without a null in it: NOTHING stands for one."""
    texts = [_ADAPTERS[name].dump_json(value).decode() for value in shared.values]
    codes = np.where(shared.codes < 0, len(texts), shared.codes)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([*texts, NOTHING], pa.string()))


def _kept(home: Home, folder: Path, table: pa.Table) -> Kept:
    names, ids = (np.array(table[n].to_pylist(), dtype=np.bytes_) for n in ("name", "id"))
    empty = Sessions.of([])
    whole = np.zeros(len(names), dtype=np.int32)
    places = {
        "home": Shared(values=(home,), codes=whole),
        "folder": Shared(values=(folder.name,), codes=whole),
    }
    sessions = Sessions(
        ids=ids,
        names=names,
        figures={name: _numbers(table[name].combine_chunks()) for name in empty.figures},
        shared=places | {name: _shared(name, table[name]) for name in SHARED},
    )
    stamps = [_numbers(table[name].combine_chunks()) for name in ("size", "changed_ns")]
    return Kept(sessions=sessions, stamps=np.stack(stamps, axis=-1))


def _numbers(column: pa.Array) -> NDArray[Any]:
    """Without a null in it. `to_numpy` would import pandas."""
    found: NDArray[Any] = np.from_dlpack(column)
    return found


def _shared(name: str, column: pa.ChunkedArray) -> Shared:
    found = column.combine_chunks()
    texts: list[str] = found.dictionary.to_pylist()
    # Parquet has the texts in another order than they were written in.
    values = [_value(name, text) for text in texts if text != NOTHING]
    places = iter(range(len(values)))
    codes = [-1 if text == NOTHING else next(places) for text in texts]
    of_each = np.array(codes, dtype=np.int32)[_numbers(found.indices)]
    return Shared(values=tuple(values), codes=of_each)


@cache
def _value(name: str, text: str) -> Any:
    """Folders have many values in common."""
    return _ADAPTERS[name].validate_json(text)


@cache
def _code() -> bytes:
    """Of the sources that a digest is worked out by."""
    folders = (bench.sessions, bench.statistics, reports.stored, devices, zoo.runtime)
    paths = [path for folder in folders for path in sorted(Path(folder.__path__[0]).glob("*.py"))]
    texts = {str(place): path.read_text() for place, path in enumerate(paths)}
    return os.fsencode(sha256_of_json(texts))
