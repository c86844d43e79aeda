"""What the conditions before and after a session say of the time between.

Each figure is None where a reading it needs was unknown; None is never taken for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.sessions.record import Session
from devices.records import Reading

# Of the machine's cores that the session's own threads left free, the share that others may take.
OTHERS_LIMIT = 0.25
STEAL_LIMIT = 0.02
STALL_LIMIT = 0.02
# Phones throttle from about here on (devices are gated at 37 C); processors of PCs much later.
HOT_C = {"android": 40.0, "iphone": 40.0}
HOT_PC_C = 90.0
# A fall of the time at the highest clocks that is called throttled, and the readings it takes.
CLOCK_FALL_LIMIT = 0.15
CLOCK_READINGS = 6
# Phones that save power draw 30 frames a second.
SLOW_FRAME_MS = 30.0


@dataclass(frozen=True, kw_only=True)
class Changes:
    """steal, memory_stall: shares of the session's time. The last four: None, or what was seen."""

    others_cores: float | None
    steal: float | None
    memory_stall: float | None
    hot_start: str | None
    throttled: str | None
    disturbed: str | None
    page: str | None

    @classmethod
    def of(cls, session: Session) -> Changes:
        assert session.run is not None
        before, after = session.run.conditions_before, session.run.conditions_after
        cores = max(1, int(number(before, "machine_cores") or session.device.cores))
        others = _busy_of_others(before, after)
        steal = _share(before, after, "steal_s")
        return cls(
            others_cores=others,
            steal=None if steal is None else steal / cores,
            memory_stall=_share(before, after, "memory_stall_s"),
            hot_start=_hot(before, session.device.kind),
            throttled=_throttled([*session.run.conditions_during, after]),
            disturbed=_disturbed(others, cores, session.request.threads),
            page=_page(before, after),
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


def _throttled(readings: Sequence[dict[str, Reading]]) -> str | None:
    """By the readings during a session, in order, and the one after it."""
    *during, after = readings
    status = number(after, "thermal_status")
    if status:
        return f"thermal status {status:g} when it ended"
    worst = max((number(one, "thermal_status") or 0 for one in during), default=0)
    if worst:
        return f"thermal status {worst:g} while it ran"
    return _clocks_fell(during)


def _clocks_fell(during: Sequence[dict[str, Reading]]) -> str | None:
    """Whether the cores were less at their highest clocks in the second half than in the first."""
    if len(during) < CLOCK_READINGS:
        return None
    begin, middle, end = during[0], during[len(during) // 2], during[-1]
    early, late = (
        _ratio(_grown(one, other, "top_clock_s"), _grown(one, other, "clocks_s"))
        for one, other in ((begin, middle), (middle, end))
    )
    if early is None or late is None or not early or 1 - late / early <= CLOCK_FALL_LIMIT:
        return None
    return f"the share of time at the highest clocks fell from {early:.0%} to {late:.0%}"


def _page(before: dict[str, Reading], after: dict[str, Reading]) -> str | None:
    """Of a browser: whether its page was hidden meanwhile, or its phone saves power."""
    hidden = _grown(before, after, "page_hidden")
    # A page that was loaded again counts from 0; one that is hidden all the time counts no more.
    told = [one.get("page_visible") for one in (before, after)]
    if (hidden is not None and hidden > 0) or any(one and one.value == "false" for one in told):
        return "the page was hidden meanwhile"
    frames = [number(one, "frame_ms") for one in (before, after)]
    if all(frame is not None and frame >= SLOW_FRAME_MS for frame in frames):
        return f"low power suspected: animation frames come each {frames[-1]:.0f} ms"
    return None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _disturbed(others: float | None, cores: int, threads: int) -> str | None:
    allowed = max(OTHERS_LIMIT * (cores - threads), OTHERS_LIMIT / 2)
    if others is None or others <= allowed:
        return None
    return f"other programs took {others:.2f} cores"
