"""Files on a phone: each under its hash, whole or not at all, and gone when the work is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from devices.android.adb.client import REMEDIES, SHORT_S, Adb
from zoo.base.errors import DeviceError
from zoo.base.files import sha256_of

ROOT = "/data/local/tmp/bench-zoo"
FILES = f"{ROOT}/files"
# For the phone's shell: remove all of ours.
CLEAR = f"rm -rf {ROOT}"
# Beyond the file itself: results, and what the system needs to go on well.
SPARE_BYTES = 50 * 2**20
# A slow USB 2 cable, or Wi-Fi.
BYTES_PER_S = 2**20
_TRIES = 2

Found = TypeVar("Found")


@dataclass(kw_only=True)
class Storage:
    """Our folder on one phone. known: remote paths that were seen whole since it was last lost.
    cleared: how often our files were removed to make room."""

    adb: Adb
    known: set[str] = field(default_factory=set)
    cleared: int = 0

    def prepare(self) -> None:
        """Make the folders. Raises DeviceError."""
        answer = self.adb.shell(f"mkdir -p {FILES}")
        if answer.status != 0:
            raise DeviceError(
                f"{ROOT} cannot be made on the phone: {(answer.err or answer.out).strip()[:200]}",
                code="disk_full" if "No space" in answer.err + answer.out else "no_permission",
                remedy=REMEDIES["disk_full"],
            )

    def put(self, path: Path, executable: bool = False) -> str:
        """Push a file unless it is there, by its content: equal size is not equal content.

        Returns its path there. A transfer that came out wrong is tried once more; where the disk
        is full, files of ours are removed first. Raises DeviceError.
        """
        sha256 = sha256_of(path)
        remote = f"{FILES}/{sha256}"
        if remote in self.known:
            return remote
        for attempt in range(_TRIES):
            try:
                if not self._is_there(remote, sha256, path.stat().st_size):
                    self._push(path, remote, sha256, "755" if executable else "644")
                self.known.add(remote)
                return remote
            except DeviceError as error:
                again = error.code in ("disk_full", "push_corrupt")
                if not again or attempt + 1 == _TRIES:
                    raise
                if error.code == "disk_full":
                    self.adb.shell(f"rm -rf {FILES}; mkdir -p {FILES}")
                    self.known.clear()
                    self.cleared += 1
        raise AssertionError("every attempt returned or raised")

    def holding(self, put: Callable[[], Found]) -> Found:
        """What `put` returns, which puts several files: all of them are there then. Raises
        DeviceError where they do not fit together."""
        for _ in range(_TRIES):
            before = self.cleared
            found = put()
            if self.cleared == before:
                return found
        raise DeviceError(
            "the phone has no room for a model and its inputs together",
            code="disk_full",
            remedy=REMEDIES["disk_full"],
        )

    def _is_there(self, remote: str, sha256: str, size: int) -> bool:
        """Whether it lies there whole. Raises DeviceError where it does not, and there is no room
        for it."""
        answer = self.adb.shell(f"sha256sum {remote}; echo @; df -k /data/local/tmp")
        found, _, disk = answer.out.partition("@\n")
        if _hash(found) == sha256:
            return True
        _need_space(disk, size)
        return False

    def _push(self, path: Path, remote: str, sha256: str, mode: str) -> None:
        """Under its name only once its hash is right."""
        part = f"{remote}.part"
        deadline_s = SHORT_S + path.stat().st_size / BYTES_PER_S
        try:
            self.adb.push(path, part, deadline_s)
        except DeviceError as error:
            if error.code == "disk_full":
                self.adb.shell(f"rm -f {part}")
            raise
        whole = f"{sha256}*) mv {part} {remote} && chmod {mode} {remote}"
        answer = self.adb.shell(
            f'found=$(sha256sum {part}); echo "$found"; '
            f"case $found in {whole} ;; *) rm -f {part} ;; esac"
        )
        if _hash(answer.out) != sha256 or answer.status != 0:
            raise DeviceError(
                f"{path.name} came out otherwise on the phone: "
                f"sha256 {_hash(answer.out) or 'unknown'} {answer.err.strip()[:200]}".strip(),
                code="push_corrupt",
                expected=f"sha256 {sha256}",
                remedy="another cable or port",
            )


def _hash(printed: str) -> str | None:
    found = re.search(r"^\s*\\?([0-9a-f]{64}) ", printed, re.MULTILINE)
    return found[1] if found else None


def _need_space(printed: str, size: int) -> None:
    """By what df printed; where it does not tell, the push will. Raises DeviceError."""
    needed = int(size * 1.2) + SPARE_BYTES
    lines = printed.strip().splitlines()
    fields = lines[-1].split() if lines else []
    free_kib = next((int(f) for f in fields[3:4] if f.isdecimal()), None)
    if free_kib is not None and free_kib * 1024 < needed:
        raise DeviceError(
            f"the phone has {free_kib / 1024:.0f} MB free",
            code="disk_full",
            expected=f"{needed / 2**20:.0f} MB for this file",
            remedy=REMEDIES["disk_full"],
        )
