"""How a phone is: heat, power and clocks, all by one command, read with suspicion.

What ends in _s counts up: take differences. top_clock_s: seconds that the cores together spent at
their highest clocks, of clocks_s in all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from devices.android.adb.phone import CPUS
from devices.records import Reading

SKIN, BATTERY = 3, 2
STATUSES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
# Linux counts both in hundredths of a second on every phone.
TICKS = 100

# Sections by their names. No wildcard may be left as it is where nothing matches it.
COMMAND = (
    "echo @uptime; cat /proc/uptime; "
    "echo @stat; head -n 1 /proc/stat; "
    "echo @memory; grep MemAvailable /proc/meminfo; "
    "echo @thermal; dumpsys thermalservice; "
    "echo @battery; dumpsys battery; "
    "echo @saver; settings get global low_power; "
    f"echo @governor; cat {CPUS}/cpu0/cpufreq/scaling_governor 2>&1; "
    f"for f in {CPUS}/cpu[0-9]*/cpufreq/stats/time_in_state; do "
    "[ -r $f ] && echo @clocks && cat $f; done; echo @end"
)


def readings(printed: str) -> dict[str, Reading]:
    """Of what COMMAND printed. What cannot be made sense of is unknown, with the reason."""
    parts = re.split(r"^@(\w+)$", printed, flags=re.MULTILINE)
    sections: dict[str, list[str]] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        sections.setdefault(name, []).append(text)
    one = {name: texts[0] for name, texts in sections.items()}
    return {
        "clock_s": _number(one, "uptime", r"^(\d+\.\d+) "),
        "busy_s": _busy(one.get("stat", "")),
        "available_memory_bytes": _number(one, "memory", r"MemAvailable:\s+(\d+) kB", 1024),
        "thermal_status": _number(one, "thermal", r"^\s*Thermal Status: (\d)\b"),
        "temperature_c": _temperature(one.get("thermal", ""), one.get("battery", "")),
        "thermal_override": _word(one, "thermal", r"^IsStatusOverride: (true|false)\b"),
        "battery_percent": _number(one, "battery", r"^\s*level: (\d{1,3})\b"),
        "power": _power(one.get("battery", "")),
        "power_saver": _word(one, "saver", r"^([01])$", {"0": "off", "1": "on"}),
        "governor": _word(one, "governor", r"^([a-z_]+)$"),
        **_clocks(sections.get("clocks", [])),
    }


def lost(reason: str) -> dict[str, Reading]:
    """Where the phone could not be asked."""
    return {name: Reading(value=None, reason=reason) for name in readings("")}


def _unknown(what: str) -> Reading:
    return Reading(value=None, reason=f"{what} does not tell")


def _number(sections: Mapping[str, str], name: str, pattern: str, scale: int = 1) -> Reading:
    found = re.search(pattern, sections.get(name, ""), re.MULTILINE)
    if found is None:
        return _unknown(_SOURCES[name])
    return Reading(value=float(found[1]) if "." in found[1] else int(found[1]) * scale)


def _word(
    sections: Mapping[str, str], name: str, pattern: str, words: Mapping[str, str] | None = None
) -> Reading:
    found = re.search(pattern, sections.get(name, "").strip(), re.MULTILINE)
    if found is None:
        return _unknown(_SOURCES[name])
    return Reading(value=words[found[1]] if words else found[1])


_SOURCES = {
    "uptime": "/proc/uptime",
    "memory": "/proc/meminfo",
    "thermal": "dumpsys thermalservice (Android 10 and later)",
    "battery": "dumpsys battery",
    "saver": "settings",
    "governor": "cpufreq",
}


def _temperature(thermal: str, battery: str) -> Reading:
    """Of the skin, by the readings of now and not the cached ones; else of the battery."""
    now = thermal.partition("Current temperatures from HAL")[2]
    sensors = [
        (int(kind), float(value))
        for value, kind in re.findall(r"Temperature\{mValue=(-?\d+(?:\.\d+)?), mType=(\d+)", now)
    ]
    for wanted in (SKIN, BATTERY):
        # A sensor that reads 0 or less is broken, not cool.
        good = [value for kind, value in sensors if kind == wanted and value > 0]
        if good:
            return Reading(value=round(max(good), 1))
    tenths = re.search(r"^\s*temperature: (\d{2,4})\b", battery, re.MULTILINE)
    return Reading(value=int(tenths[1]) / 10) if tenths else _unknown(_SOURCES["battery"])


def _power(battery: str) -> Reading:
    sources = re.findall(r"^\s*(AC|USB|Wireless|Dock) powered: (true|false)", battery, re.MULTILINE)
    if not sources:
        return _unknown(_SOURCES["battery"])
    return Reading(value="mains" if any(state == "true" for _, state in sources) else "battery")


def _busy(stat: str) -> Reading:
    """user, nice, system, irq and softirq of all the cores together."""
    fields = re.match(r"\s*cpu +(\d+) (\d+) (\d+) \d+ \d+ (\d+) (\d+)", stat)
    if fields is None:
        return _unknown("/proc/stat")
    return Reading(value=sum(map(int, fields.groups())) / TICKS)


def _clocks(tables: list[str]) -> dict[str, Reading]:
    """Of each core's table of clocks in kHz and ticks spent at them."""
    top = total = 0
    for table in tables:
        rows = [(int(k), int(t)) for k, t in re.findall(r"^(\d+) (\d+)$", table, re.MULTILINE)]
        if rows:
            top += max(rows)[1]
            total += sum(ticks for _, ticks in rows)
    if not total:
        reason = "cpufreq/stats/time_in_state is not readable"
        return {n: Reading(value=None, reason=reason) for n in ("top_clock_s", "clocks_s")}
    return {
        "top_clock_s": Reading(value=top / TICKS),
        "clocks_s": Reading(value=total / TICKS),
    }
