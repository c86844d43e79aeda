"""Emulated phones behind a real adb server of the tests' own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from file_server import closed_port
from tiny_tflite import SIDE, mask_of

from devices.android.adb.client import SHORT_S, Adb
from devices.android.device import AndroidDevice, Options
from devices.emulated.phone import EmulatedPhone
from devices.emulated.root import State
from devices.masks import Expected
from devices.records import Loop, RunRequest
from zoo.base.errors import DeviceError
from zoo.base.files import sha256_of

QUICK = Loop(max_warmup=2, min_samples=10, max_samples=10, limit_s=0.1)
# A session of about a tenth of a second.
RUN = ("--samples", "10", "--duration", "0.1", "--warmup", "2", "--settle", "0")


def adbs() -> list[str]:
    """The programs at hand: of the system, and the newer one of the adbutils wheel."""
    found = [shutil.which("adb")]
    if (spec := importlib.util.find_spec("adbutils")) and spec.origin:
        path = Path(spec.origin).parent / "binaries" / "adb"
        found.append(str(path) if path.is_file() else None)
    return [path for path in found if path]


@contextmanager
def server(program: str, home: Path) -> Iterator[None]:
    """An adb server on a port of its own, with keys of its own; the environment leads to it."""
    with pytest.MonkeyPatch.context() as patch:
        home.mkdir(exist_ok=True)
        patch.setenv("HOME", str(home))
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(closed_port()))
        patch.setenv("ADB_MDNS", "0")
        for name in (
            "ANDROID_SERIAL",
            "ANDROID_HOME",
            "BENCH_ADB",
            "BENCH_BENCHMARK_MODEL",
            "XDG_CACHE_HOME",
        ):
            patch.delenv(name, raising=False)
        folder = str(Path(program).parent)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        subprocess.run([program, "start-server"], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run([program, "kill-server"], check=False, capture_output=True)


@contextmanager
def phone(*faults: str, serial: str = "EMULATED0001", **state: Any) -> Iterator[EmulatedPhone]:
    """One that the server knows; afterwards it does not."""
    with EmulatedPhone(state=State(serial=serial, **state), faults=faults) as one, ExitStack() as s:
        adb = Adb(program="adb")
        # It waits for one that says nothing.
        with contextlib.suppress(DeviceError):
            adb.call("connect", one.address, deadline_s=1.0 if "offline" in faults else SHORT_S)
        s.callback(adb.call, "disconnect", one.address)
        yield one


@contextmanager
def device(one: EmulatedPhone, deadline_s: float = 20.0, **options: Any) -> Iterator[AndroidDevice]:
    with AndroidDevice(one.address, deadline_s, Options(**options)) as found:
        yield found


def request(path: Path, runtime: str = "litert", size: int | None = None) -> RunRequest:
    return RunRequest(
        model=path.name,
        size=size,
        format="tflite",
        precision="fp32",
        artifact_sha256=sha256_of(path),
        runtime=runtime,
        threads=1,
    )


def expected(model: str) -> list[Expected]:
    """What the tiny model makes of noise."""
    image = np.random.default_rng(0).random((1, 3, SIDE, SIDE), dtype=np.float32)
    return [Expected(image=image, mask=mask_of(image))]


def nothing_left(one: EmulatedPhone, wait_s: float = 3.0) -> None:
    """Nothing of ours runs or lies on the phone, no setting is changed, and no adb speaks to it;
    what ends by itself may take a moment."""
    until = time.monotonic() + wait_s
    while (one.running() or one.stored() or clients(one)) and time.monotonic() < until:
        time.sleep(0.05)
    assert one.running() == []
    assert one.stored() == []
    assert clients(one) == []
    assert (one.root / "settings/global.stay_on_while_plugged_in").read_text() == "0\n"


def clients(one: EmulatedPhone) -> list[list[str]]:
    """The adb programs that speak to it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.append(process.cmdline())
    return [words for words in found if words[1:3] == ["-s", one.address]]
