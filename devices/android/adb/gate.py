"""When a phone is fit to be measured: cool, as cool as at the first session, and at full power."""

from __future__ import annotations

import time
from collections.abc import Callable

from devices.records import Reading
from zoo.base.errors import DeviceError

# Phones begin to throttle near here.
COOL_C = 37.0
# From session to session, so that none is measured much warmer than the first.
WITHIN_C = 1.0
LEAST_PERCENT = 20
PERIOD_S = 5.0

Read = Callable[[], dict[str, Reading]]


class Gate:
    """Of one phone: remembers how warm it was at first."""

    def __init__(self) -> None:
        self.first_c: float | None = None

    def wait(self, read: Read, limit_s: float) -> Reading:
        """ "yes", or what still disturbs it after limit_s; unknown where it tells no temperature.

        Raises DeviceError for what no waiting mends.
        """
        until = time.monotonic() + limit_s
        while True:
            found = read()
            refuse(found)
            why = self.why_not(found)
            if why is None and found["temperature_c"].value is None:
                return Reading(value=None, reason=found["temperature_c"].reason)
            if why is None:
                if self.first_c is None:
                    self.first_c = _number(found["temperature_c"])
                return Reading(value="yes")
            left = until - time.monotonic()
            if left <= 0:
                return Reading(value=f"no: {why}")
            time.sleep(min(PERIOD_S, left))

    def why_not(self, found: dict[str, Reading]) -> str | None:
        """What is to be waited for."""
        status, now = _number(found["thermal_status"]), _number(found["temperature_c"])
        if status:
            return f"thermal status {status:g}"
        if now is None:
            return None
        if now > COOL_C:
            return f"{now:g} C, over {COOL_C:g}"
        if self.first_c is not None and now > self.first_c + WITHIN_C:
            return f"{now:g} C, and {self.first_c:g} at the first session"
        return None


def refuse(found: dict[str, Reading]) -> None:
    """Raise DeviceError for a phone of which no figure would be good."""
    if found["thermal_override"].value == "true":
        raise DeviceError(
            "the phone's thermal status is overridden, so that it does not tell of its heat",
            code="thermal_override",
            remedy="adb shell cmd thermalservice reset",
        )
    percent = _number(found["battery_percent"])
    empty = percent is not None and percent < LEAST_PERCENT and found["power"].value == "battery"
    if found["power_saver"].value == "on" or empty:
        raise DeviceError(
            f"the battery is at {percent:g} % and not charging" if empty else "it saves power",
            code="low_power",
            expected=f"no battery saver, and {LEAST_PERCENT} % or a charger",
            remedy="charge it and switch the battery saver off, then the same again, run with "
            "--resume",
        )


def _number(reading: Reading) -> float | None:
    return float(reading.value) if isinstance(reading.value, int | float) else None
