"""The part of a file that has come so far, `.NAME.part`, beside where the file will be.

`.NAME.part.json` holds the server's mark of the version it is of (ETag, else Last-Modified), so
that parts of two versions never meet in one file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from zoo.base.files import storing, write_text
from zoo.base.frozen import Frozen


class _Version(Frozen):
    url: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part, open for appending."""

    path: Path
    stream: BinaryIO

    @property
    def size(self) -> int:
        return self.stream.tell()

    def append(self, block: bytes) -> None:
        with storing(self.path):
            self.stream.write(block)
            self.stream.flush()

    def begin_anew(self, url: str = "", mark: str = "") -> None:
        """Drop all bytes; the next ones are of the version that the server marks so, if it does."""
        self.stream.seek(0)
        self.stream.truncate()
        _version_path(self.path).unlink(missing_ok=True)
        if mark:
            write_text(_version_path(self.path), _Version(url=url, mark=mark).model_dump_json())

    def mark(self, url: str) -> str | None:
        """The mark of the bytes that are here, if they are of this address and have one."""
        try:
            version = _Version.model_validate_json(_version_path(self.path).read_bytes())
        except (OSError, ValidationError):
            return None
        return version.mark if version.url == url and self.size else None

    def flush_to_disk(self) -> None:
        os.fsync(self.stream.fileno())


@contextmanager
def open_part(target: Path) -> Iterator[Part]:
    """The part of `target`; one that ends empty, or was renamed to it, leaves no trace.

    For the holder of the folder's lock. Raises StorageError when the disk refuses.
    """
    path = _part_path(target)
    with storing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
    with stream:
        part = Part(path=path, stream=stream)
        try:
            yield part
        finally:
            if not path.is_file() or part.size == 0:
                discard_part(target)


def discard_part(target: Path) -> None:
    """Forget what an unfinished download of `target` left."""
    _part_path(target).unlink(missing_ok=True)
    _version_path(_part_path(target)).unlink(missing_ok=True)


def _part_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _version_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")
