"""An Android phone behind the seam: each session is one run of benchmark_model on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from devices import masks
from devices.android.adb.client import Adb, find_adb
from devices.android.adb.conditions import COMMAND, lost, readings
from devices.android.adb.discovery import await_return, choose
from devices.android.adb.gate import Gate
from devices.android.adb.phone import Phone, read_phone
from devices.android.adb.storage import CLEAR, Storage
from devices.android.run import settings
from devices.android.run.flags import why_not
from devices.android.run.job import STOP, stop
from devices.android.run.program import Flags, Program, ask_flags, find_program
from devices.android.run.session import AndroidRun, Checked, Held
from devices.base import Device
from devices.records import DeviceInfo, Reading, RunRequest
from zoo.base.errors import DeviceError
from zoo.base.lock import timing
from zoo.home import Home

RUNTIMES = ("litert", "litert-gpu", "litert-npu")
# How long a phone that was lost in the middle of a session may take to come back, where the
# deadline is no shorter.
RETURN_S = 15.0
FRESH_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Options:
    """adb, program: paths; found by themselves where None. cores: big, little, or a mask in
    hexadecimal; None leaves it to the phone. fixed_performance: Android's mode of steady clocks."""

    adb: str | None = None
    program: Path | None = None
    cores: str | None = None
    fixed_performance: bool = False
    expect: masks.Expect = field(default=masks.nothing_expected)


class AndroidDevice(Device):
    """One phone. It is asked for its properties at once; everything else waits for the first
    session, and is taken back by `close`. Raises DeviceError."""

    one_file = True

    def __init__(self, serial: str | None, deadline_s: float, options: Options) -> None:
        finder = Adb(program=find_adb(options.adb))
        self.adb = Adb(program=finder.program, serial=choose(finder, serial))
        self.deadline_s, self.options = deadline_s, options
        self.phone: Phone = read_phone(self.adb)
        self.storage = Storage(adb=self.adb)
        self.gate = Gate()
        # When it was last asked how it is, and what it said.
        self.latest: tuple[float, dict[str, Reading]] | None = None
        self.began = False
        self.held = contextlib.ExitStack()
        self.checked = Checked()

    @cached_property
    def program(self) -> Program:
        return find_program(Home.default(), self.options.program, self.phone)

    @cached_property
    def flags(self) -> Flags:
        self.begin()
        return ask_flags(self.adb, self.storage.put(self.program.path, executable=True))

    def info(self) -> DeviceInfo:
        cores, fixed = self.options.cores, self.options.fixed_performance
        how = f", cores {cores}" if cores else ""
        return self.phone.info(how + ", fixed performance" * fixed)

    def runtimes(self) -> Mapping[str, str | None]:
        return {name: why_not(name, self.flags) for name in RUNTIMES}

    def runtime_version(self, runtime: str) -> str:
        return f"benchmark_model {self.program.sha256[:12]}"

    def why_not_fed(self) -> str | None:
        if self.flags.classic:
            return None
        return "this benchmark_model makes its inputs by itself"

    def conditions(self) -> dict[str, Reading]:
        """Unknown where the phone is lost: what was measured before stays good."""
        try:
            return self._recent()
        except DeviceError as error:
            return lost(error.seen)

    def settle(self, limit_s: float) -> Reading:
        """Wait until it is cool. Raises DeviceError where it is lost, or so that no figure of it
        would be good: saving power, nearly empty, or told to lie about its heat."""
        return self.gate.wait(self._recent, limit_s)

    def note(self, found: dict[str, Reading]) -> dict[str, Reading]:
        """What it just said of its conditions: for a moment it need not be asked again, so that
        the end of one session is the beginning of the next."""
        self.latest = (time.monotonic(), found)
        return found

    def _recent(self) -> dict[str, Reading]:
        if self.latest is not None and time.monotonic() - self.latest[0] < FRESH_S:
            return self.latest[1]
        return self.note(readings(self.adb.shell(COMMAND).out))

    def open(self, request: RunRequest, artifact: Path) -> AndroidRun:
        self.begin()
        return AndroidRun(self._held(), request, artifact)

    def _held(self) -> Held:
        return Held(
            adb=self.adb,
            phone=self.phone,
            storage=self.storage,
            program=self.program,
            flags=self.flags,
            cores=self.options.cores,
            expect=self.options.expect,
            deadline_s=self.deadline_s,
            checked=self.checked,
            note=self.note,
            recover=self.recover,
        )

    def begin(self) -> None:
        """Clear away what an earlier run left, and make the phone ready; once. Raises
        DeviceError, and FolderBusy where another command is at work on it."""
        if not self.began:
            # Another command would be disturbed, and what it has running there cleared away.
            info = self.phone.info()
            self.held.enter_context(timing(info.key, f"{info.name} ({info.key})"))
            self.began = True
            self._tidy()
            self.storage.prepare()
            settings.change(self.adb, self.options.fixed_performance)

    def close(self) -> None:
        if self.began:
            try:
                self._leave()
            except KeyboardInterrupt:
                # Ctrl-C, in the middle of it.
                self._leave()
                raise
            finally:
                self.began = False
        self.held.close()

    def _leave(self) -> None:
        # A phone that is gone cannot be tidied; the next run does it.
        with contextlib.suppress(DeviceError):
            self._tidy()

    def _tidy(self) -> None:
        """End what runs there, put settings back, remove our files. Raises DeviceError."""
        self.adb.shell(f"{STOP}{settings.RESTORE}{CLEAR}")
        self.storage.known.clear()

    def recover(self) -> bool:
        """After the phone was lost: whether it is back, with nothing of ours running on it."""
        self.storage.known.clear()
        self.latest = None
        try:
            if not await_return(self.adb, min(RETURN_S, self.deadline_s)):
                return False
            stop(self.adb)
            self.storage.prepare()
        except DeviceError:
            return False
        return True
