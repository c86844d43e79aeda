"""Reads a gzipped tar that nobody vouches for. Nothing is ever extracted by its own path."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.base.errors import DataError
from zoo.base.pictures import shown

MEMBERS = 100_000
MEMBER_BYTES = 4 * 2**20
# The larger of the two official archives unpacks to 0.55 GB.
UNPACKED_BYTES = 2**30
_HEADER_BYTES = 2**20
_BLOCK = 2**16


def members(archive: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Each member's name, and a function that reads it, to be called before the next is asked for.

    Reading raises DataError for a member that is no plain file of at most 4 MiB. Time and memory
    are bounded whatever the archive claims; one that is cut short or damaged is a DataError.
    """
    with _readable(archive), archive.open("rb") as file:
        if (begins := file.read(2)) != b"\x1f\x8b":
            raise _not_whole(archive, f"is not gzipped, it begins with {begins!r}")
        file.seek(0)
        with gzip.open(file) as unpacked:
            stream = _Bounded(archive, unpacked)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for number, member in enumerate(_each(tar, stream)):
                    if number >= MEMBERS:
                        raise _not_whole(archive, f"over {MEMBERS} members")
                    yield member.name, _reader(archive, tar, member)
            stream.drain()


class _Bounded(io.BufferedIOBase):
    """What tarfile reads from: ends a bomb, an endless header and a seek far beyond the end."""

    def __init__(self, archive: Path, stream: gzip.GzipFile) -> None:
        super().__init__()
        self.archive, self.stream = archive, stream
        self.total = 0
        self.ends = 0
        self.next_bytes = _HEADER_BYTES

    def expect(self, size: int) -> None:
        """Before the next header: this much is left of the member before it, to be skipped."""
        self.next_bytes = self.total + size + _HEADER_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = self.stream.read(size)
        self.total += len(chunk)
        # tarfile reads once at a clean end; it would go on for ever on one that is cut short.
        self.ends += not chunk
        if self.ends > 2:
            raise EOFError("it ends in the middle of a member")
        if self.total > UNPACKED_BYTES:
            wrong = f"unpacks to over {UNPACKED_BYTES // 2**20} MiB"
            raise _not_whole(self.archive, wrong)
        if self.total > self.next_bytes:
            raise EOFError(f"a header of over {_HEADER_BYTES} bytes")
        return chunk

    def drain(self) -> None:
        """Read to the end of the file, where gzip's checksum stands."""
        self.expect(UNPACKED_BYTES)
        while self.ends == 0 and self.read(_BLOCK):
            pass


def _each(tar: tarfile.TarFile, stream: _Bounded) -> Iterator[tarfile.TarInfo]:
    while (member := tar.next()) is not None:
        # tarfile believes a negative size, and keeps every header it has seen.
        if not 0 <= member.size <= UNPACKED_BYTES:
            raise EOFError(f"{member.name!r} claims {member.size} bytes")
        tar.members.clear()  # type: ignore[attr-defined]
        stream.expect(member.size)
        yield member


def _reader(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with _readable(archive):
            plain = member.isreg() and not member.issparse() and member.size <= MEMBER_BYTES
            stream = tar.extractfile(member) if plain else None
            if stream is None:
                limit = f"at most {MEMBER_BYTES} bytes"
                raise _not_whole(archive, f"{member.name!r} is not a file of {limit}")
            return stream.read()

    return read


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """What gzip and tarfile raise on broken archives; the last three come of mangled headers."""
    try:
        yield
    except (
        tarfile.TarError,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        LookupError,
        RecursionError,
    ) as error:
        raise _not_whole(archive, f"cannot be read: {shown(error)}") from error


def _not_whole(archive: Path, wrong: str) -> DataError:
    return DataError(
        f"{shown(archive)}: {wrong}",
        expected="the whole official archive, a gzipped tar",
        remedy="fetch it again",
    )
