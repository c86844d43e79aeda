"""What can be read of a Linux or macOS machine's state before and after a session."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import time
from pathlib import Path

import psutil

from devices.records import DeviceInfo, Reading

# Clocks of the system tick 100 times a second, so a window of 5 ticks tells 0.2 of a core.
QUIET_WINDOW_S = 0.05
QUIET_CORES = 0.45
# One core is the session's; of the others this share may be busy.
QUIET_SHARE = 0.25

_CPU = Path("/sys/devices/system/cpu")


def host_info() -> DeviceInfo:
    """This machine, without its host name: results are shared."""
    return DeviceInfo(
        kind="host",
        name=f"host {_cpu_name()}",
        os=platform.platform(terse=True),
        cpu=_cpu_name(),
        cores=usable_cores(),
        memory_bytes=psutil.virtual_memory().total,
    )


def usable_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def host_conditions() -> dict[str, Reading]:
    """Each known, or unknown with the reason. What ends in _s counts up: take differences.

    cores: those this process may use; busy_s: of all the machine's cores together; own_s: the part
    of it that this process and its children took.
    """
    return {
        "clock_s": Reading(value=round(time.monotonic(), 3)),
        "busy_s": Reading(value=_busy_s()),
        "own_s": Reading(value=_own_s()),
        "cores": Reading(value=usable_cores()),
        "machine_cores": Reading(value=psutil.cpu_count() or usable_cores()),
        "governor": _file(_CPU / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "frequency_mhz": _frequency(),
        "temperature_c": _temperature(),
        "power": _power(),
        "load_1min": Reading(value=round(psutil.getloadavg()[0], 2)),
        "steal_s": _steal(),
        "available_memory_bytes": Reading(value=psutil.virtual_memory().available),
        "memory_stall_s": _memory_stall(),
    }


def wait_for_quiet(limit_s: float) -> Reading:
    """Wait until other programs leave most cores alone, for limit_s at most."""
    started = time.monotonic()
    allowed = max(QUIET_CORES, QUIET_SHARE * ((psutil.cpu_count() or 1) - 1))
    while True:
        before = _busy_s() - _own_s()
        time.sleep(QUIET_WINDOW_S)
        others = (_busy_s() - _own_s() - before) / QUIET_WINDOW_S
        if others <= allowed:
            return Reading(value="yes")
        if time.monotonic() - started > limit_s:
            return Reading(value=f"no: other programs took {others:.1f} cores")


def _busy_s() -> float:
    times = psutil.cpu_times()
    # guest time is counted in user, and steal was never ours to use.
    names = ("user", "nice", "system", "irq", "softirq")
    return round(float(sum(getattr(times, name, 0.0) for name in names)), 2)


def _own_s() -> float:
    """Of this process, the children it has, and those that ended."""
    this = psutil.Process()
    # psutil knows nothing of ended children on macOS.
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = sum(this.cpu_times()[:2]) + ended.ru_utime + ended.ru_stime
    for child in this.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:4])
    return round(float(total), 2)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _turbo() -> Reading:
    no_turbo = _file(_CPU / "intel_pstate/no_turbo")
    if no_turbo.value is not None:
        return Reading(value="off" if no_turbo.value == "1" else "on")
    boost = _file(_CPU / "cpufreq/boost")
    return boost if boost.value is None else Reading(value="on" if boost.value == "1" else "off")


def _frequency() -> Reading:
    if not (_CPU / "cpu0/cpufreq").is_dir():
        # Where there is no cpufreq, psutil gives the nominal clock of /proc/cpuinfo.
        return Reading(value=None, reason="no cpufreq on this machine")
    return Reading(value=round(psutil.cpu_freq().current))


def _temperature() -> Reading:
    # Not there on macOS. A sensor that reads 0 or less is unknown, not cool.
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    readings = [s.current for group in sensors.values() for s in group if s.current > 0]
    if not readings:
        return Reading(value=None, reason="no temperature sensor is readable")
    return Reading(value=max(readings))


def _power() -> Reading:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None:
        return Reading(value=None, reason="no battery is reported")
    return Reading(value="mains" if battery.power_plugged else "battery")


def _steal() -> Reading:
    steal = getattr(psutil.cpu_times(), "steal", None)
    if steal is None:
        return Reading(value=None, reason="this system does not report steal time")
    return Reading(value=steal)


def _memory_stall() -> Reading:
    """Time in which some process waited for memory (Linux pressure stall information)."""
    path = Path("/proc/pressure/memory")
    reading = _file(path)
    if reading.value is None:
        return reading
    found = re.match(r"some .*total=(\d+)", str(reading.value))
    if found is None:
        return Reading(value=None, reason=f"{path} is not as expected")
    return Reading(value=int(found[1]) / 1e6)


def _file(path: Path) -> Reading:
    try:
        return Reading(value=path.read_text().strip())
    except OSError:
        return Reading(value=None, reason=f"{path} is not readable")
