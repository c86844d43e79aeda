"""What the conditions before and after a session say of the time between.

Each figure is None where a reading it needs was unknown; None is never taken for good.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.record import Session
from devices.base import Reading

# Of the machine's cores that the session's own threads left free, the share that others may take.
OTHERS_LIMIT = 0.25
STEAL_LIMIT = 0.02
STALL_LIMIT = 0.02
# Phones throttle from about here on (devices are gated at 37 C); processors of PCs much later.
HOT_C = {"android": 40.0, "iphone": 40.0}
HOT_PC_C = 90.0


@dataclass(frozen=True, kw_only=True)
class Changes:
    """steal, memory_stall: shares of the session's time. The last three: None, or what was seen."""

    others_cores: float | None
    steal: float | None
    memory_stall: float | None
    hot_start: str | None
    throttled: str | None
    disturbed: str | None

    @classmethod
    def of(cls, session: Session) -> Changes:
        assert session.run is not None
        before, after = session.run.conditions_before, session.run.conditions_after
        cores = int(number(before, "machine_cores") or session.device.cores)
        others = _busy_of_others(before, after)
        steal = _share(before, after, "steal_s")
        return cls(
            others_cores=others,
            steal=None if steal is None else steal / cores,
            memory_stall=_share(before, after, "memory_stall_s"),
            hot_start=_hot(before, session.device.kind),
            throttled=_throttled(after),
            disturbed=_disturbed(others, cores, session.request.threads),
        )


def number(readings: dict[str, Reading], name: str) -> float | None:
    """The value of a reading, where it is known and a number."""
    reading = readings.get(name)
    value = reading.value if reading else None
    return float(value) if isinstance(value, int | float) else None


def _grown(before: dict[str, Reading], after: dict[str, Reading], name: str) -> float | None:
    first, last = number(before, name), number(after, name)
    return None if first is None or last is None else last - first


def _share(before: dict[str, Reading], after: dict[str, Reading], name: str) -> float | None:
    grown, elapsed = _grown(before, after, name), _grown(before, after, "clock_s")
    return None if grown is None or not elapsed else max(0.0, grown / elapsed)


def _busy_of_others(before: dict[str, Reading], after: dict[str, Reading]) -> float | None:
    busy, own = _share(before, after, "busy_s"), _share(before, after, "own_s")
    return None if busy is None or own is None else max(0.0, busy - own)


def _hot(before: dict[str, Reading], kind: str) -> str | None:
    status, temperature = number(before, "thermal_status"), number(before, "temperature_c")
    if status is not None and status > 0:
        return f"thermal status {status:g} before it began"
    limit = HOT_C.get(kind, HOT_PC_C)
    if temperature is not None and temperature > limit:
        return f"{temperature:g} C before it began, over {limit:g}"
    return None


def _throttled(after: dict[str, Reading]) -> str | None:
    status = number(after, "thermal_status")
    if status is not None and status > 0:
        return f"thermal status {status:g} when it ended"
    return None


def _disturbed(others: float | None, cores: int, threads: int) -> str | None:
    allowed = max(OTHERS_LIMIT * (cores - threads), OTHERS_LIMIT / 2)
    if others is None or others <= allowed:
        return None
    return f"other programs took {others:.2f} cores"
