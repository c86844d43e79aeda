"""What disturbs a measurement on this machine now, and what would quiet it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from devices.finding import Finding
from devices.host.conditions import host_conditions, host_info
from devices.records import Reading

# Above these a machine is called disturbed: in running threads, share of time, and bytes free.
IDLE_LOAD = 0.25
STEAL_LIMIT = 0.01
FREE_BYTES = 2**30
# How long it looks for busy programs, and from which share of a core on one is busy.
LOOK_S = 0.3
BUSY = 0.1

_CPU = Path("/sys/devices/system/cpu")
_OWN_MACHINE = "run on a machine of your own"


@dataclass(frozen=True, kw_only=True)
class Present:
    """The conditions of now, and what they are judged by: cores this process may use and all
    there are, memory, seconds since boot, whether this is known to be a virtual machine, and the
    programs that take most of the cores, in words."""

    conditions: Mapping[str, Reading]
    cores: int
    all_cores: int
    memory_bytes: int
    up_s: float
    virtual: bool
    busiest: tuple[str, ...] = ()

    @classmethod
    def read(cls) -> Present:
        info = host_info()
        return cls(
            conditions=host_conditions(),
            cores=info.cores,
            all_cores=psutil.cpu_count() or info.cores,
            memory_bytes=info.memory_bytes,
            up_s=time.time() - psutil.boot_time(),
            virtual=_is_virtual(),
            busiest=_busiest(),
        )


def measuring(present: Present) -> list[Finding]:
    """Each condition: quiet, disturbed with its remedy, or unknown with the reason."""
    return [
        *_clocks(present),
        _load(present),
        _programs(present),
        _steal(present),
        _memory(present),
        _power(present),
        _threads(present),
    ]


def _finding(need: str, ok: bool | None, found: str, remedy: str | None = None) -> Finding:
    return Finding(road="measuring", need=need, ok=ok, found=found, remedy=remedy)


def _clocks(present: Present) -> list[Finding]:
    governor, turbo = present.conditions["governor"], present.conditions["turbo"]
    if present.virtual and governor.value is None and turbo.value is None:
        found = "a virtual machine without cpufreq: clocks cannot be read or fixed here"
        return [_finding("clocks", None, found, _OWN_MACHINE)]
    no_turbo = _CPU / "intel_pstate/no_turbo"
    off = f"echo 1 | sudo tee {no_turbo}"
    if not no_turbo.exists():
        off = f"echo 0 | sudo tee {_CPU / 'cpufreq/boost'}"
    return [
        _wanted("governor", governor, "performance", "sudo cpupower frequency-set -g performance"),
        _wanted("turbo", turbo, "off", off),
    ]


def _wanted(need: str, reading: Reading, wanted: str, remedy: str) -> Finding:
    if reading.value is None:
        return _finding(need, None, reading.reason or "")
    ok = reading.value == wanted
    return _finding(need, ok, str(reading.value), None if ok else remedy)


def _load(present: Present) -> Finding:
    reading = present.conditions["load_1min"]
    if not isinstance(reading.value, int | float):
        return _finding("load", None, reading.reason or "")
    found, ok = f"load {reading.value:g} on {present.all_cores} cores", reading.value <= IDLE_LOAD
    return _finding("load", ok, found, None if ok else "close other programs, and wait a minute")


def _programs(present: Present) -> Finding:
    """Who takes the cores now."""
    if not present.busiest:
        return _finding("programs", True, "no other program takes a tenth of a core")
    remedy = "end them, or measure all the same: longer"
    return _finding("programs", False, ", ".join(present.busiest), remedy)


def _busiest() -> tuple[str, ...]:
    """The programs that used most CPU time while it looked."""
    before = {process.pid: _cpu_s(process) for process in psutil.process_iter()}
    time.sleep(LOOK_S)
    used = [
        (_cpu_s(process) - before[process.pid], process)
        for process in psutil.process_iter()
        if process.pid in before and process.pid != os.getpid()
    ]
    busy = sorted((one for one in used if one[0] > BUSY * LOOK_S), key=lambda one: -one[0])
    return tuple(f"{_name(process)} {taken / LOOK_S:.0%} of a core" for taken, process in busy[:3])


def _cpu_s(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        return float(sum(process.cpu_times()[:2]))
    return 0.0


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return f"{process.name()} ({process.pid})"
    return f"process {process.pid}"


def _steal(present: Present) -> Finding:
    reading = present.conditions["steal_s"]
    if not isinstance(reading.value, int | float):
        return _finding("steal", None, reading.reason or "")
    if present.virtual and reading.value == 0:
        return _finding("steal", None, "this virtual machine is told of no steal time")
    share = reading.value / (present.up_s * present.all_cores)
    found, ok = f"steal time {share:.1%} since boot", share <= STEAL_LIMIT
    return _finding("steal", ok, found, None if ok else _OWN_MACHINE)


def _memory(present: Present) -> Finding:
    reading = present.conditions["available_memory_bytes"]
    if not isinstance(reading.value, int | float):
        return _finding("memory", None, reading.reason or "")
    found = f"{reading.value / 2**30:.1f} of {present.memory_bytes / 2**30:.1f} GiB free"
    ok = reading.value >= FREE_BYTES
    return _finding("memory", ok, found, None if ok else "close other programs")


def _power(present: Present) -> Finding:
    return _wanted("power", present.conditions["power"], "mains", "plug in the charger")


def _threads(present: Present) -> Finding:
    """A child inherits the cores of its parent, so `taskset` pins sessions too."""
    if not psutil.LINUX:
        return _finding("threads", None, "only on Linux can threads be kept on a core")
    if present.cores < present.all_cores or present.cores == 1:
        return _finding("threads", True, f"kept on {present.cores} of {present.all_cores} cores")
    last = present.all_cores - 1
    remedy = f"taskset --cpu-list {last} bench run --device host --threads 1 --model NAME"
    return _finding("threads", False, f"free to move over {present.cores} cores", remedy)


def _is_virtual() -> bool:
    """What the processor says of itself (x86 only)."""
    try:
        return " hypervisor" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
