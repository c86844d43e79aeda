"""One command at a time on a folder, and one measurement at a time of what is timed.

A lock of the operating system on `.NAME.lock`: it ends with the process that holds it, however that
process ends, so that there is never a stale one to remove. The file stays, empty of meaning. Two
commands on one machine see each other's; over a network, as far as the file system carries POSIX
locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from zoo.base.errors import FolderBusy, InvalidName, StorageError
from zoo.base.files import storing, sweep, user_home
from zoo.base.pictures import shown
from zoo.base.progress import say

# Where the locks of what belongs to no home lie, instead of the user's cache.
VARIABLE = "BENCH_LOCKS"
# How many seconds to wait for a device that another command measures on; 0 where it is not set.
PATIENCE = "BENCH_PATIENCE"
POLL_S = 0.5
ONE_AT_A_TIME = "one measurement at a time: two would disturb each other"
# C's struct flock, whose members have another order on macOS.
_FIELDS = ("l_start", "l_len", "l_pid", "l_type", "l_whence")
_FLOCK = struct.Struct("qqihh")
if sys.platform == "linux":
    _FIELDS = ("l_type", "l_whence", "l_start", "l_len", "l_pid")
    _FLOCK = struct.Struct("hhqqi0q")
# What stands there in the place of a lock's file, and of its folder.
_STRANGE = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.ENOTDIR, errno.EMLINK)


@contextmanager
def locked(folder: Path, *, shared: bool = False, variable: str = "BENCH_HOME") -> Iterator[None]:
    """Hold `folder` for this process, alone or shared with other readers. variable: of the
    environment, that leads to another.

    Alone, it first clears away what killed processes left there. Raises FolderBusy naming the
    command that holds it, StorageError where the lock cannot be written.
    """
    path = folder.with_name(f".{folder.name}.lock")
    with storing(path, variable):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _open(path)
    try:
        _acquire(descriptor, str(folder), "one command at a time on a folder", shared)
        if not shared:
            sweep(folder)
        yield
    finally:
        os.close(descriptor)


class Folders(ExitStack):
    """What several jobs of one process work on. Each folder is locked once: of two locks of a
    process on one folder the first to be left would end both."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[Path, ExitStack] = {}
        self._uses = Counter[Path]()

    def hold(self, folders: Sequence[Path], *, shared: bool = False) -> None:
        """shared: with other commands that hold them so. Raises FolderBusy where another command
        holds one of them; then it holds none of them."""
        with ExitStack() as new:
            for folder in folders:
                if not self._uses[folder]:
                    own = new.enter_context(ExitStack())
                    own.enter_context(locked(folder, shared=shared))
                    self._held[folder] = own
            self.push(new.pop_all())
        self._uses.update(folders)

    def leave(self, folders: Sequence[Path]) -> None:
        self._uses.subtract(folders)
        for folder in folders:
            if not self._uses[folder]:
                self._held.pop(folder).close()


@contextmanager
def timing(key: str, name: str) -> Iterator[None]:
    """Hold what is timed, for this process: the same for every home of this user. key: of it, such
    as a phone's; name: what to call it.

    Waits for another command as long as BENCH_PATIENCE says. Raises FolderBusy naming the command
    that measures it, StorageError where no lock can be written.
    """
    path = lock_folder() / f".{key}.lock"
    with storing(path, VARIABLE):
        descriptor = _open(path)
    try:
        _wait_for_turn(descriptor, name)
        yield
    finally:
        os.close(descriptor)


def user_of(key: str) -> str | None:
    """The command that measures it now; None where nobody does."""
    path = lock_folder() / f".{key}.lock"
    if not path.is_file():
        return None
    descriptor = _open(path)
    try:
        return _holder(descriptor) if _is_held(descriptor) else None
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    """By another process. It is asked, not tried: who only looks is to stop nobody."""
    asked = {"l_type": fcntl.F_WRLCK, "l_whence": os.SEEK_SET}
    question = _FLOCK.pack(*(asked.get(field, 0) for field in _FIELDS))
    told: bytes = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
    found = dict(zip(_FIELDS, _FLOCK.unpack(told), strict=True))
    return bool(found["l_type"] != fcntl.F_UNLCK)


def _patience_s() -> float:
    given = os.environ.get(PATIENCE) or "0"
    try:
        return float(given)
    except ValueError as error:
        raise InvalidName(
            f"{PATIENCE} is {given!r}", expected="a number of seconds", remedy=f"unset {PATIENCE}"
        ) from error


def _wait_for_turn(descriptor: int, name: str) -> None:
    ends, told = time.monotonic() + _patience_s(), False
    while True:
        try:
            _acquire(descriptor, name, ONE_AT_A_TIME, False)
        except FolderBusy as error:
            if time.monotonic() >= ends:
                raise
            if not told:
                say(f"waiting: {error.seen}")
                told = True
            time.sleep(POLL_S)
        else:
            return


def lock_folder() -> Path:
    """`BENCH_LOCKS` where it is set, else the user's cache. Where that cannot be written, as in a
    container without a home, a folder in /tmp that nobody else can write. Raises StorageError."""
    if given := os.environ.get(VARIABLE):
        folder = Path(given).absolute()
        with storing(folder, VARIABLE):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "")
    # One that is not absolute would be another from each working folder.
    if not cache.is_absolute():
        home = user_home()
        if home is None:
            return _own_temporary()
        cache = home / ".cache"
    folder = cache / "bench-zoo"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _own_temporary()
    return folder if os.access(folder, os.W_OK | os.X_OK) else _own_temporary()


def _own_temporary() -> Path:
    folder = Path(tempfile.gettempdir()) / f"bench-zoo-{os.getuid()}"
    with storing(folder, VARIABLE):
        folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise StorageError(
            f"{folder} belongs to somebody else, or others can write there",
            expected="a folder of your own for locks",
            remedy=f"set {VARIABLE} to one",
        )
    return folder


def _open(path: Path) -> int:
    """Of a plain file of no other name: what somebody else put there is neither followed, nor
    waited for, nor written to. Raises StorageError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        known = error.errno in _STRANGE or os.path.lexists(path)
        if not known or error.errno == errno.EROFS:
            raise
        raise _no_lock(path, str(error.strerror)) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise _no_lock(path, "it is no plain file, or has another name")
    return descriptor


def _no_lock(path: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} cannot be locked: {why}",
        expected="a file that this user can write to",
        remedy=f"look at {path}, remove it, and type the same again",
    )


def _acquire(descriptor: int, what: str, expected: str, shared: bool) -> None:
    # Of the process, not of the open file: a forked worker that outlives it holds nothing.
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.lockf(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        raise FolderBusy(
            f"{what} is in use by another command: {_holder(descriptor)}",
            expected=expected,
            remedy="wait until it has ended, then type the same again",
        ) from error
    words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    # Who holds it is told where there is room for it; it is held all the same.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}: {words[:200]}\n".encode(), 0)


def _holder(descriptor: int) -> str:
    told = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip()
    return shown(told) or "unknown"
