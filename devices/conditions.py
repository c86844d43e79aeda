"""What can be read of a Linux or macOS machine's state before and after a session."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from devices.base import DeviceInfo, Reading

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
    """Each known, or unknown with the reason. steal_s counts up since boot: take differences."""
    return {
        "governor": _file(_CPU / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "frequency_mhz": _frequency(),
        "temperature_c": _temperature(),
        "power": _power(),
        "load_1min": Reading(value=round(psutil.getloadavg()[0], 2)),
        "steal_s": _steal(),
        "available_memory_bytes": Reading(value=psutil.virtual_memory().available),
    }


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


def _file(path: Path) -> Reading:
    try:
        return Reading(value=path.read_text().strip())
    except OSError:
        return Reading(value=None, reason=f"{path} is not readable")
