"""Where files live, how they are written, and how they are told apart.

Everything the tool makes lies under one home folder: `BENCH_HOME`, else the working folder.
"""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import InvalidName, StorageError
from zoo.spec import ModelSpec

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TEMPORARY = re.compile(r"\.bench-[0-9a-f]{8}\.")
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)
EXTENSIONS = {"onnx": "onnx", "tflite": "tflite", "coreml": "mlpackage"}


@dataclass(frozen=True, kw_only=True)
class Home:
    """The one place that knows every output path. No path is built from a name elsewhere."""

    root: Path

    @classmethod
    def default(cls) -> Home:
        """`BENCH_HOME` where it is set, else the working folder."""
        return cls(root=Path(os.environ.get("BENCH_HOME") or ".").resolve())

    def told(self, text: str) -> str:
        """A text with its paths from the home on, as it may be shown to others."""
        return text.replace(f"{self.root}{os.sep}", "").replace(str(Path.home()), "~")

    @property
    def results(self) -> Path:
        return self.root / "results"

    def device_results(self, key: str) -> Path:
        return self.results / key

    @property
    def tools(self) -> Path:
        """Where programs for devices are downloaded to, or put by hand."""
        return self.root / "tools"

    @property
    def report(self) -> Path:
        return self.root / "reports" / "out"

    @property
    def encoders(self) -> Path:
        """Where pretrained encoders are looked for: `BENCH_ENCODERS`, else `weights/`, else
        `../shared/weights`, where a team keeps what is too large for a repository."""
        if given := os.environ.get("BENCH_ENCODERS"):
            return Path(given)
        own, shared = self.own_encoders, self.root.parent / "shared" / "weights"
        return shared if shared.is_dir() and not own.is_dir() else own

    @property
    def own_encoders(self) -> Path:
        """Where pretrained encoders are downloaded to, or put by hand."""
        return self.root / "weights"

    @property
    def lfw_archives(self) -> Path:
        """Where the official archives are downloaded to, or put by hand."""
        return self.root / "data" / "lfw-archives"

    def dataset(self, name: str) -> Path:
        """Raises InvalidName for a name that could lead out of `data/`, or to the archives."""
        if not _FOLDER_NAME.fullmatch(name) or name == self.lfw_archives.name:
            raise InvalidName(
                f"{name!r} can not name a data set", expected="letters, digits, . _ and -"
            )
        return self.root / "data" / name

    def checkpoint_folder(self, spec: ModelSpec) -> Path:
        return self.training_folder(spec.name)

    def training_folder(self, name: str) -> Path:
        """Of one training: a variant's own, or that of the width whose sizes it trains."""
        return self.root / "checkpoints" / name

    def artifact_folder(self, spec: ModelSpec) -> Path:
        return self.root / "artifacts" / spec.name

    def artifact(self, spec: ModelSpec, format: str, precision: str) -> Path:
        """`{variant}.{precision}.{ext}`. Never by `with_suffix`: widths hold a dot."""
        return self.artifact_folder(spec) / f"{spec.name}.{precision}.{EXTENSIONS[format]}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; put it in the place of `path` once the block ends well.

    A process killed at any moment leaves the old file or folder, or the new one, and at worst a
    temporary name that `zoo.lock` clears away; only a file system that can not swap two folders
    leaves an instant in which neither stands. The ending of the name is kept, because exporters
    choose their format by it. Raises StorageError when the disk is full or refuses.
    """
    temporary, aside = _temporary(path), _temporary(path)
    with storing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            if not (temporary.is_dir() and path.is_dir() and _exchange(temporary, path)):
                if path.is_dir():
                    path.replace(aside)
                temporary.replace(path)
            _flush_entry(path.parent)
        finally:
            _remove(temporary)
            _remove(aside)


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what a disk refuses inside the block into a StorageError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise StorageError(
            f"{path} can not be written: {error.strerror}",
            expected="a folder that can be written to, with space left",
            remedy="make room or set BENCH_HOME to another folder, then type the same again; "
            "what was there before is unchanged",
        ) from error


def _temporary(path: Path) -> Path:
    """A name that nobody but this module gives, so that `sweep` takes nobody else's file."""
    return path.with_name(f".bench-{secrets.token_hex(4)}.{path.name}")


def sweep(path: Path) -> None:
    """Remove what killed processes left of `path` and in it. Only for the holder of its lock."""
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
