"""Files on a phone: each under its hash, whole or not at all, and gone when the work is done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from devices.android.client import REMEDIES, SHORT_S, Adb
from zoo.errors import DeviceError
from zoo.files import sha256_of

ROOT = "/data/local/tmp/bench-zoo"
FILES = f"{ROOT}/files"
# Beyond the file itself: results, and what the system needs to go on well.
SPARE_BYTES = 50 * 2**20
# A slow USB 2 cable, or Wi-Fi.
BYTES_PER_S = 2**20
_TRIES = 2


@dataclass(kw_only=True)
class Storage:
    """Our folder on one phone. known: remote paths that were seen whole since it was last lost."""

    adb: Adb
    known: set[str] = field(default_factory=set)

    def prepare(self) -> None:
        """Make the folders. Raises DeviceError."""
        answer = self.adb.shell(f"mkdir -p {FILES}")
        if answer.status != 0:
            raise DeviceError(
                f"{ROOT} can not be made on the phone: {(answer.err or answer.out).strip()[:200]}",
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
        if remote in self.known or self._hash(remote) == sha256:
            self.known.add(remote)
            return remote
        self._need_space(path.stat().st_size)
        for attempt in range(_TRIES):
            try:
                self._push(path, remote, sha256, "755" if executable else "644")
                return remote
            except DeviceError as error:
                again = error.code in ("disk_full", "push_corrupt")
                if not again or attempt + 1 == _TRIES:
                    raise
                if error.code == "disk_full":
                    self.adb.shell(f"rm -rf {FILES}; mkdir -p {FILES}")
                    self.known.clear()
        raise AssertionError("every attempt returned or raised")

    def clear(self) -> None:
        """Remove all of ours. Raises DeviceError."""
        self.adb.shell(f"rm -rf {ROOT}")
        self.known.clear()

    def _push(self, path: Path, remote: str, sha256: str, mode: str) -> None:
        part = f"{remote}.part"
        deadline_s = SHORT_S + path.stat().st_size / BYTES_PER_S
        try:
            self.adb.push(path, part, deadline_s)
            found = self._hash(part)
        except DeviceError as error:
            if error.code == "disk_full":
                self.adb.shell(f"rm -f {part}")
            raise
        if found != sha256:
            self.adb.shell(f"rm -f {part}")
            raise DeviceError(
                f"{path.name} came out otherwise on the phone: sha256 {found or 'unknown'}",
                code="push_corrupt",
                expected=f"sha256 {sha256}",
                remedy="another cable or port",
            )
        self.adb.shell(f"mv {part} {remote} && chmod {mode} {remote}")
        self.known.add(remote)

    def _hash(self, remote: str) -> str | None:
        found = re.match(r"\s*([0-9a-f]{64}) ", self.adb.shell(f"sha256sum {remote}").out)
        return found[1] if found else None

    def _need_space(self, size: int) -> None:
        """Raises DeviceError unless there is room; where df does not tell, the push will."""
        needed = int(size * 1.2) + SPARE_BYTES
        printed = self.adb.shell("df -k /data/local/tmp").out.strip().splitlines()
        fields = printed[-1].split() if printed else []
        free_kib = next((int(f) for f in fields[3:4] if f.isdecimal()), None)
        if free_kib is not None and free_kib * 1024 < needed:
            raise DeviceError(
                f"the phone has {free_kib / 1024:.0f} MB free",
                code="disk_full",
                expected=f"{needed / 2**20:.0f} MB for this file",
                remedy=REMEDIES["disk_full"],
            )
