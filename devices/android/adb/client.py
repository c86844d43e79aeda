"""The adb program as a child process: one deadline in all for a call, and no trust in its status.

A connection that is lost in the middle of a command leaves `adb shell` of some versions with status
0. So every remote command ends with a marker that carries a word of our own and the command's
status; where it is missing, the phone was lost.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from devices.programs import Machine
from zoo.base.errors import DeviceError
from zoo.base.pictures import shown

SHORT_S = 20.0
# The program for all that a command starts, other computers' commands of a farm among them.
ADB_VARIABLE = "BENCH_ADB"
# Of what a command prints: its beginning, and its end, where small files and the marker stand.
HEAD_BYTES, TAIL_BYTES = 2**19, 2**20
INSTALL = "sudo apt install adb (macOS: brew install android-platform-tools), or --adb PATH"
# What adb says, and what is wrong then. In the order in which they are looked for.
_COMPLAINTS = (
    ("unauthorized", r"unauthorized"),
    ("no_permission", r"no permissions|insufficient permissions"),
    ("ambiguous_device", r"more than one device"),
    ("offline", r"device offline|device still authorizing|device still connecting"),
    ("no_device", r"no devices/emulators found|device '.*' not found|device not found"),
    ("no_tool", r"cannot connect to daemon|failed to start daemon|ADB server didn't ACK"),
    ("disk_full", r"No space left on device"),
)
LOST = ("lost_mid_run", "offline", "no_device")


def find_adb(given: str | None, machine: Machine | None = None) -> str:
    """The program: as given, by BENCH_ADB, below ANDROID_HOME, or on PATH. Raises DeviceError."""
    machine = machine or Machine()
    names = [given] if given else adb_names(machine)
    path = machine.find(names)
    if path is None:
        raise DeviceError(
            f"no adb: not found as {' or '.join(names)}", code="no_tool", remedy=INSTALL
        )
    return path


def adb_names(machine: Machine) -> list[str]:
    """What it may be called, the first choice first. BENCH_ADB leaves no other."""
    if said := machine.environment.get(ADB_VARIABLE):
        return [said]
    home = machine.environment.get("ANDROID_HOME")
    return [f"{home}/platform-tools/adb", "adb"] if home else ["adb"]


@dataclass(frozen=True, kw_only=True)
class Called:
    """What one call of adb left: its status, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The line that tells of an error, else the last one; without the program's own name."""
        lines = [line.strip() for line in f"{self.out}\n{self.err}".splitlines() if line.strip()]
        telling = [line for line in lines if re.search(r"error|fail|cannot", line)] or lines
        said = telling[-1] if telling else "it printed nothing"
        return shown(said.removeprefix("adb: ").removeprefix("error: ")[:200])

    @property
    def code(self) -> str | None:
        """What kind of problem it complains of, where that is known."""
        return _kind(f"{self.out}\n{self.err}")


def _kind(said: str) -> str | None:
    return next((code for code, known in _COMPLAINTS if re.search(known, said)), None)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command on the phone printed, line ends as \\n, and its status."""

    status: int
    out: str
    err: str = ""


@dataclass(frozen=True, kw_only=True)
class Adb:
    """The program, and the phone it speaks to where one is chosen. environment: where the server
    is (ANDROID_ADB_SERVER_PORT, ADB_SERVER_SOCKET, ...) and more, as adb itself reads it."""

    program: str
    serial: str | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def call(self, *words: str, deadline_s: float = SHORT_S) -> Called:
        """Run adb; past the deadline it is killed. Raises DeviceError where it cannot be run."""
        chosen = ["-s", self.serial] if self.serial else []
        try:
            process = subprocess.Popen(
                [self.program, *chosen, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment,
                # Ctrl-C is for us: what runs on the phone has to be ended first.
                start_new_session=True,
            )
        except OSError as error:
            seen = f"{self.program} cannot be started: {error.strerror}"
            raise DeviceError(seen, code="no_tool", remedy=INSTALL) from error
        assert process.stdout
        assert process.stderr
        out, err = Kept(process.stdout), Kept(process.stderr)
        try:
            status = process.wait(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            raise DeviceError(
                f"adb {words[0]}: no end within {deadline_s:.3g} s",
                code="timeout",
                remedy="adb reconnect, or plug the phone in again; --deadline waits longer",
            ) from None
        finally:
            end(process)
            out.join()
            err.join()
        return Called(status=status, out=out.text(), err=err.text())

    def shell(self, command: str, deadline_s: float = SHORT_S) -> Answer:
        """Run `command` by the phone's shell, to its end. Raises DeviceError where the phone does
        not answer; a status of the command's own other than 0 is an answer."""
        nonce = secrets.token_hex(8)
        marked = f"{command}\nprintf '\\n__bench_end__ %s %s\\n' {nonce} $?"
        called = self.call("shell", marked, deadline_s=deadline_s)
        marks = re.findall(r"\n__bench_end__ ([0-9a-f]{16}) (\d{1,3})\n", called.out)
        if not marks:
            # Not by its output: that is the command's own.
            code = _kind(called.err) or "lost_mid_run"
            raise DeviceError(
                f"the phone was lost: {called.complaint}"
                if code == "lost_mid_run"
                else called.complaint,
                code=code,
                remedy=REMEDIES[code],
            )
        found, status = marks[-1]
        if found != nonce:
            raise DeviceError(
                "the phone answered with the output of another command",
                code="stale_result",
                remedy="adb kill-server, then the same command",
            )
        out = called.out[: called.out.rindex("\n__bench_end__ ")]
        return Answer(status=int(status), out=out, err=called.err)

    def push(self, path: Path, remote: str, deadline_s: float) -> None:
        """Raises DeviceError. A status of 0 is not yet a whole file: compare its hash."""
        called = self.call("push", str(path), remote, deadline_s=deadline_s)
        self.expect(called, f"{path.name} could not be pushed")

    def pull(self, remote: Sequence[str], folder: Path, deadline_s: float = SHORT_S) -> None:
        """Fetch files into a folder. Raises DeviceError."""
        called = self.call("pull", *remote, str(folder), deadline_s=deadline_s)
        self.expect(called, "the results could not be pulled")

    def expect(self, called: Called, failure: str) -> None:
        """Raise DeviceError unless the call ended well."""
        if called.status != 0:
            code = called.code or "lost_mid_run"
            # adb breaks this one over lines.
            why = "No space left on device" if code == "disk_full" else called.complaint
            raise DeviceError(f"{failure}: {why}", code=code, remedy=REMEDIES[code])


class Kept:
    """Reads a pipe to its end in the background, and keeps the beginning and the end of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.head = bytearray()
        self.tail: deque[bytes] = deque()
        self.tail_bytes = 0
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while part := os.read(stream.fileno(), 65_536):
                room = HEAD_BYTES - len(self.head)
                self.head += part[:room]
                self._keep_end(part[max(0, room) :])

    def _keep_end(self, part: bytes) -> None:
        self.tail.append(part)
        self.tail_bytes += len(part)
        while self.tail_bytes - len(self.tail[0]) >= TAIL_BYTES:
            self.tail_bytes -= len(self.tail.popleft())

    def join(self) -> None:
        # A server that this adb started may hold the pipe open for ever.
        self.thread.join(timeout=1.0)

    def text(self) -> str:
        whole = bytes(self.head) + b"".join(self.tail)
        return whole.decode("utf-8", errors="replace").replace("\r\n", "\n")


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, if it still runs, with what it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def quoted(words: Sequence[str]) -> str:
    """Words for the phone's shell."""
    return shlex.join(words)


REMEDIES = {
    "unauthorized": "unlock the phone and accept 'Allow USB debugging?'",
    "no_permission": "sudo apt install android-sdk-platform-tools-common (udev rules), then plug "
    "the phone in again",
    "ambiguous_device": "--device android:SERIAL; bench devices lists them",
    "offline": "adb reconnect offline, or plug the phone in again",
    "no_device": "plug the phone in, or adb connect ADDRESS; bench devices lists what is there",
    "no_tool": INSTALL,
    "disk_full": "free space on the phone, then the same again, run with --resume",
    "lost_mid_run": "check the cable, then the same again, run with --resume",
}
