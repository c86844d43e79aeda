"""How the phone is, as far as a page can tell: little."""

from __future__ import annotations

from devices.browser.messages import Conditions, Join
from devices.records import Reading

NOT_TOLD = "no browser tells it"


def readings(told: Conditions, join: Join) -> dict[str, Reading]:
    """What ends in _s counts up: take differences."""
    return {
        "clock_s": Reading(value=round(told.clock_s, 3)),
        "page_hidden": Reading(value=told.times_hidden),
        "page_visible": Reading(value=str(told.visible).lower()),
        "frame_ms": known_or(told.frame_ms, "the page was hidden, or drew too slowly"),
        "battery": known_or(told.battery, "this browser does not tell it"),
        "charging": known_or(
            None if told.charging is None else str(told.charging).lower(),
            "this browser does not tell it",
        ),
        "clock_step_us": Reading(value=join.clock_step_us),
        "isolated": Reading(value=str(join.has_threads).lower()),
        "temperature_c": Reading(value=None, reason=NOT_TOLD),
        "governor": Reading(value=None, reason=NOT_TOLD),
    }


def unknown(reason: str) -> dict[str, Reading]:
    """All of it, where the page is gone."""
    names = ("clock_s", "page_hidden", "page_visible", "frame_ms", "battery", "charging")
    return {name: Reading(value=None, reason=reason) for name in names}


def known_or(value: float | str | None, reason: str) -> Reading:
    """The value, or why there is none."""
    return Reading(value=value, reason=None if value is not None else reason)
