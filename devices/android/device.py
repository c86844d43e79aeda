"""An Android phone behind the seam: each session is one run of benchmark_model on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from devices.android import masks, settings
from devices.android.client import Adb, find_adb
from devices.android.conditions import COMMAND, lost, readings
from devices.android.discovery import await_return, choose
from devices.android.flags import why_not
from devices.android.gate import Gate
from devices.android.job import stop
from devices.android.phone import Phone, read_phone
from devices.android.program import Flags, Program, ask_flags, find_program
from devices.android.session import AndroidRun, Checked
from devices.android.storage import ROOT, Storage
from devices.base import Device, DeviceInfo, Reading, RunRequest
from zoo.errors import DeviceError
from zoo.files import Home

RUNTIMES = ("litert", "litert-gpu", "litert-npu")
# How long a phone that was lost in the middle of a session may take to come back.
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

    def __init__(self, serial: str | None, deadline_s: float, options: Options) -> None:
        finder = Adb(program=find_adb(options.adb))
        self.adb = Adb(program=finder.program, serial=choose(finder, serial))
        self.deadline_s, self.options = deadline_s, options
        self.phone: Phone = read_phone(self.adb)
        self.storage = Storage(adb=self.adb)
        self.gate = Gate()
        # What the gate read, for the session that begins at once.
        self.fresh: tuple[float, dict[str, Reading]] | None = None
        self.began = False
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

    def conditions(self) -> dict[str, Reading]:
        """Unknown where the phone is lost: what was measured before stays good."""
        found, self.fresh = self.fresh, None
        if found is not None and time.monotonic() - found[0] < FRESH_S:
            return found[1]
        try:
            return readings(self.adb.shell(COMMAND).out)
        except DeviceError as error:
            return lost(error.seen)

    def settle(self, limit_s: float) -> Reading:
        """Wait until it is cool. Raises DeviceError where it is lost, or so that no figure of it
        would be good: saving power, nearly empty, or told to lie about its heat."""
        return self.gate.wait(self._read_anew, limit_s)

    def _read_anew(self) -> dict[str, Reading]:
        found = readings(self.adb.shell(COMMAND).out)
        self.fresh = (time.monotonic(), found)
        return found

    def open(self, request: RunRequest, artifact: Path) -> AndroidRun:
        self.begin()
        return AndroidRun(self, request, artifact)

    def begin(self) -> None:
        """Clear away what an earlier run left, and make the phone ready; once. Raises
        DeviceError."""
        if not self.began:
            stop(self.adb)
            settings.restore(self.adb, ROOT)
            self.storage.clear()
            self.storage.prepare()
            self.began = True
            settings.change(self.adb, ROOT, self.options.fixed_performance)

    def close(self) -> None:
        if self.began:
            # A phone that is gone can not be tidied; the next run does it.
            with contextlib.suppress(DeviceError):
                stop(self.adb)
                settings.restore(self.adb, ROOT)
                self.storage.clear()
            self.began = False

    def recover(self) -> bool:
        """After the phone was lost: whether it is back, with nothing of ours running on it."""
        self.storage.known.clear()
        try:
            if not await_return(self.adb, RETURN_S):
                return False
            stop(self.adb)
            self.storage.prepare()
        except DeviceError:
            return False
        return True
