"""Conditions of a device in words: `available memory  24.6 GB`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from devices.records import Reading

WIDTH = 18
# The end of a name is its unit: what a value is divided by, its digits, and what is written.
_UNITS = {
    "_bytes": (1e9, 1, " GB"),
    "_mhz": (1, 0, " MHz"),
    "_c": (1, 1, " °C"),
    "_percent": (1, 0, " %"),
    "_1min": (1, 2, " programs on average over a minute"),
}
# What others took is made of these, and is told apart.
_TOLD_APART = ("clock_s", "busy_s", "own_s", "machine_cores")


def reading_lines(
    before: Mapping[str, Reading], after: Mapping[str, Reading] | None = None
) -> Iterator[str]:
    """A line a condition, what is not known last. What counts up, its name ends in _s, says
    something only as a difference, so with `after` alone."""
    for name, reading in before.items():
        later = after.get(name) if after else None
        if reading.value is not None and name not in _TOLD_APART:
            told = _counted(reading, later) if name.endswith("_s") else _value(name, reading)
            if told and later and not name.endswith("_s") and _value(name, later) != told:
                told = f"{told} before, {_value(name, later)} after"
            if told:
                yield _line(title_of(name), told)
    for name, reading in before.items():
        if reading.value is None:
            yield _line(title_of(name), f"unknown: {reading.reason}")


def _line(title: str, told: str) -> str:
    return f"  {title:{WIDTH}}  {told}"


def title_of(name: str) -> str:
    """A condition's name without its unit."""
    for end in ("_s", *_UNITS):
        name = name.removesuffix(end)
    return name.replace("_", " ")


def _counted(before: Reading, after: Reading | None) -> str:
    if after is None or not isinstance(after.value, int | float):
        return ""
    assert isinstance(before.value, int | float)
    return f"{after.value - before.value:.2f} s meanwhile"


def _value(name: str, reading: Reading) -> str:
    value = reading.value
    if value is None:
        return f"unknown: {reading.reason}"
    if isinstance(value, int | float):
        for end, (divisor, digits, unit) in _UNITS.items():
            if name.endswith(end):
                return f"{value / divisor:.{digits}f}{unit}"
        return f"{value:g}"
    return value
