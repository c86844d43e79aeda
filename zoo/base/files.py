"""How files are written, and how they are told apart."""

from __future__ import annotations

import ctypes
import errno
import glob
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.base.errors import StorageError

_TEMPORARY = re.compile(r"\.bench-[0-9a-f]{8}\.")
# What stands aside for a moment, where two folders cannot be swapped.
_ASIDE = ".bench-aside."
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)


@contextmanager
def replacing(path: Path, variable: str = "BENCH_HOME") -> Iterator[Path]:
    """Yield a temporary name beside `path`; put it in the place of `path` once the block ends well.

    A process killed at any moment leaves the old file or folder, or the new one, and at worst a
    temporary name that `zoo.base.lock` clears away; only on a file system that cannot swap two
    folders there is an instant in which neither stands, and the next lock puts the old one back.
    The ending of the name is kept, because exporters choose their format by it. Raises StorageError
    when the disk is full or refuses; variable: of the environment, that leads elsewhere.
    """
    temporary = _temporary(path)
    with storing(path, variable):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            if not (temporary.is_dir() and path.is_dir() and _exchange(temporary, path)):
                _put(temporary, path)
            _flush_entry(path.parent)
        finally:
            _remove(temporary)


def _put(temporary: Path, path: Path) -> None:
    """In its place, in two steps where a folder stands there."""
    aside = path.with_name(f"{_ASIDE}{path.name}")
    if path.is_dir():
        _remove(aside)
        path.replace(aside)
    try:
        temporary.replace(path)
    finally:
        _put_back(aside, path)


def _put_back(aside: Path, path: Path) -> None:
    """What stood aside, where nothing took its place; else remove it."""
    if aside.exists() and not path.exists():
        aside.replace(path)
    _remove(aside)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """An empty folder, gone at the end of the block; of a killed process it is cleared away as what
    `replacing` leaves. Raises StorageError."""
    folder = _temporary(path)
    with storing(path):
        try:
            folder.mkdir(parents=True)
            yield folder
        finally:
            _remove(folder)


@contextmanager
def storing(path: Path, variable: str = "BENCH_HOME") -> Iterator[None]:
    """Turn what a disk refuses inside the block into a StorageError that names `path`. variable: of
    the environment, that leads elsewhere."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise StorageError(
            f"{path} cannot be written: {error.strerror}",
            expected="a folder that can be written to, with space left",
            remedy=f"make room or set {variable} to another folder, then type the same again; "
            "what was there before is unchanged",
        ) from error


def _temporary(path: Path) -> Path:
    """A name that nobody but this module gives, so that `sweep` takes nobody else's file."""
    return path.with_name(f".bench-{secrets.token_hex(4)}.{path.name}")


def sweep(path: Path) -> None:
    """Remove what killed processes left of `path` and in it; put back what stood aside. Only for
    the holder of its lock."""
    _put_back(path.with_name(f"{_ASIDE}{path.name}"), path)
    beside = path.parent.glob(f".bench-????????.{glob.escape(path.name)}")
    inside = path.glob(".bench-????????.*") if path.is_dir() else iter(())
    for leftover in [*beside, *inside]:
        if _TEMPORARY.match(leftover.name):
            _remove(leftover)


def write_text(path: Path, text: str) -> None:
    """Write `text` atomically, as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's sorted relative names and contents."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for member in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(member.relative_to(path).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(sha256_of(member)))
    return digest.hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value` (sorted keys, no spaces)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def user_home() -> Path | None:
    """The user's own folder; None where there is none, or all lies in it, as in a container."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return None if home == Path(home.anchor) else home


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all the files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can (Linux renameat2, macOS renamex_np)."""
    names = os.fsencode(one), os.fsencode(other)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "renameat2"):
        here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        return bool(libc.renameat2(here, names[0], here, names[1], exchange) == 0)
    swap = 2  # RENAME_SWAP
    return hasattr(libc, "renamex_np") and bool(libc.renamex_np(*names, swap) == 0)


def _flush(path: Path) -> None:
    members = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    for member in members:
        with member.open("rb") as stream:
            os.fsync(stream.fileno())


def _flush_entry(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
