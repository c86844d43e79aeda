"""The `sync:` service: adb push and pull. As in AOSP, packages/modules/adb/SYNC.TXT."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from devices.emulated.transport import Stream

LENGTH = struct.Struct("<I")
OLD_STAT = struct.Struct("<3I")
NEW_STAT = struct.Struct("<IQQIIIIQqqq")
BLOCK_BYTES = 65_536

# From the path a client names to where it lies here.
Locate = Callable[[str], Path]
# Looks at the blocks of a push as they arrive, and may change or refuse them.
Inspect = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]


async def serve_sync(stream: Stream, locate: Locate, inspect: Inspect) -> None:
    """Answer requests until the client quits."""
    while True:
        request = await stream.read(4)
        name = (await stream.read(await _length(stream))).decode(errors="replace")
        if request == b"QUIT":
            return
        if request == b"STAT":
            await stream.write(b"STAT" + _old_stat(locate(name)))
        elif request in (b"STA2", b"LST2"):
            await stream.write(request + _new_stat(locate(name)))
        elif request == b"SEND":
            # "path,mode"
            await _receive(stream, locate(name.rpartition(",")[0]), inspect)
        elif request == b"RECV":
            await _send(stream, locate(name))
        else:
            await _fail(stream, f"unknown request {request!r}")
            return


async def _length(stream: Stream) -> int:
    (length,) = LENGTH.unpack(await stream.read(4))
    return int(length)


async def _fail(stream: Stream, reason: str) -> None:
    message = reason.encode()
    await stream.write(b"FAIL" + LENGTH.pack(len(message)) + message)


async def _blocks(stream: Stream) -> AsyncIterator[bytes]:
    while await stream.read(4) == b"DATA":
        yield await stream.read(await _length(stream))
    await _length(stream)  # of DONE: the time of the last change


async def _receive(stream: Stream, path: Path, inspect: Inspect) -> None:
    """One pushed file. All of it is read even where it cannot be kept, as adbd does."""
    blocks, problem = _blocks(stream), None
    try:
        with path.open("wb") as file:
            async for block in inspect(blocks):
                file.write(block)
    except OSError as error:
        problem = os.strerror(error.errno or errno.EIO)
        async for _ in blocks:
            pass
    if problem is not None:
        await _fail(stream, f"couldn't write file: {problem}")
        return
    path.chmod(0o644)
    await stream.write(b"OKAY" + LENGTH.pack(0))


async def _send(stream: Stream, path: Path) -> None:
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                await stream.write(b"DATA" + LENGTH.pack(len(block)) + block)
    except OSError as error:
        await _fail(stream, f"open failed: {error.strerror}")
        return
    await stream.write(b"DONE" + LENGTH.pack(0))


def _old_stat(path: Path) -> bytes:
    try:
        found = path.stat()
    except OSError:
        return OLD_STAT.pack(0, 0, 0)
    return OLD_STAT.pack(found.st_mode, found.st_size, int(found.st_mtime))


def _new_stat(path: Path) -> bytes:
    try:
        found = path.stat()
    except OSError as error:
        return NEW_STAT.pack(error.errno or errno.EIO, *[0] * 10)
    mode = found.st_mode if stat.S_ISDIR(found.st_mode) else found.st_mode | 0o600
    times = (int(found.st_atime), int(found.st_mtime), int(found.st_ctime))
    place = (found.st_dev, found.st_ino, mode, found.st_nlink)
    return NEW_STAT.pack(0, *place, 0, 0, found.st_size, *times)
