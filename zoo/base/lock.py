"""One command at a time on a folder.

A lock of the operating system on `.NAME.lock` beside the folder: it ends with the process that
holds it, however that process ends, so that there is never a stale one to remove. The file stays,
empty of meaning. Two commands on one machine see each other's; over a network, as far as the file
system carries POSIX locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.base.errors import FolderBusy
from zoo.base.files import storing, sweep


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold `folder` for this process, alone or shared with other readers.

    Alone, it first clears away what killed processes left there. Raises FolderBusy naming the
    command that holds it, StorageError where the lock cannot be written.
    """
    path = folder.with_name(f".{folder.name}.lock")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        _acquire(descriptor, folder, shared)
        if not shared:
            sweep(folder)
        yield
    finally:
        os.close(descriptor)


def of_this_machine(name: str) -> Path:
    """What to lock for a thing that belongs to no home, such as a phone: the same for all homes."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "bench-zoo" / name


def _acquire(descriptor: int, folder: Path, shared: bool) -> None:
    # Of the process, not of the open file: a forked worker that outlives it holds nothing.
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.lockf(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        holder = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip()
        raise FolderBusy(
            f"{folder} is in use by another command: {holder or 'unknown'}",
            expected="one command at a time on a folder",
            remedy="wait until it has ended, then type the same again",
        ) from error
    words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()}: {words[:200]}\n".encode(), 0)
