"""Phones that are hot, grow hot, or save power: what is waited for, told, and left out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from phones import RUN, adbs, device, nothing_left, phone

from bench.sessions.store import read_all
from bench.statistics.changes import number
from bench.statistics.verdict import verdict
from devices.android.adb.conditions import readings
from devices.android.adb.gate import Gate
from devices.records import Reading
from zoo.base.errors import DeviceError
from zoo.home import Home

pytestmark = [
    pytest.mark.usefixtures("adb_server"),
    pytest.mark.skipif(not adbs(), reason="adb is not installed: phones not tested"),
]


def test_a_run_is_watched(home: Home, model: Path) -> None:
    words = ("run", str(model), "--device", "android", *RUN, "--duration", "3", "--sessions", "1")
    with phone(temperature_c=30.0, heating_c=0.3):
        invoke(*words)
    session = [s for s in read_all(home).sessions if s.timed][-1]
    assert session.run is not None
    values = [number(one, "temperature_c") or 0 for one in session.run.conditions_during]
    assert len(values) >= 2
    assert values == sorted(values)
    assert values[-1] > values[0]
    assert "watched" in invoke("show", session.id).output


@pytest.mark.parametrize(
    ("faults", "state", "label", "told"),
    [
        ((), {"temperature_c": 44.0}, "hot start", "44 C"),
        (("hot-in-run",), {}, "throttled", "status 2"),
    ],
)
def test_heat_counts_against_a_session(
    home: Home, model: Path, faults: tuple[str, ...], state: dict[str, Any], label: str, told: str
) -> None:
    words = ("run", str(model), "--device", "android", *RUN, "--duration", "2", "--sessions", "1")
    with phone(*faults, **state):
        invoke(*words)
    (session,) = [s for s in read_all(home).sessions if s.timed]
    assert verdict(session).label == label
    assert told in verdict(session).reason


def test_phones_with_other_heat_are_waited_for(model: Path) -> None:
    with phone(temperature_c=39.0) as one, device(one) as found:
        assert str(found.settle(0.1).value) == "no: 39 C, over 37"
        one.become(temperature_c=38.0, heating_c=-2.0)
        started = time.monotonic()
        assert found.settle(20).value == "yes"
        assert time.monotonic() - started > 0.2


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"thermal_override": True}, "thermal_override"),
        ({"saver": True}, "low_power"),
        ({"battery": 12, "plugged": False}, "low_power"),
    ],
)
def test_what_no_waiting_mends_ends_the_run(
    home: Home, model: Path, state: dict[str, Any], code: str
) -> None:
    with phone(**state) as one:
        with device(one) as found, pytest.raises(DeviceError) as caught:
            found.settle(0)
        assert caught.value.code == code
        output = invoke("run", str(model), "--device", "android", *RUN, status=1).output
        assert caught.value.seen in output
        assert "next:" in output
        nothing_left(one)


def test_a_gate_holds_later_sessions_near_the_first() -> None:
    temperatures = iter([30.0, 33.0, 30.5])

    def read() -> dict[str, Reading]:
        found = readings("")
        return found | {"temperature_c": Reading(value=next(temperatures))}

    gate = Gate()
    assert gate.wait(read, 0).value == "yes"
    assert gate.wait(read, 0).value == "no: 33 C, and 30 at the first session"
    assert gate.wait(read, 0).value == "yes"
    assert gate.wait(lambda: readings(""), 0).value is None
