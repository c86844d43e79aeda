"""What is said of a session: by its series, by what is known of its conditions, and by check."""

from __future__ import annotations

import json

import numpy as np
import pytest
from commands import invoke
from recorded import recorded, sessions

from bench.check import check
from bench.sessions.record import LOOPS, Session
from bench.sessions.store import write_session
from bench.statistics.verdict import Label, Verdict, judge, verdict
from devices.records import Loop, Reading
from reports.load import load
from reports.text.tables import notes
from zoo.home import Home

QUIET = {"clock_s": 0.0, "busy_s": 10.0, "own_s": 5.0, "steal_s": 0.0, "memory_stall_s": 0.0}
AFTER = {"clock_s": 1.0, "busy_s": 11.0, "own_s": 6.0, "steal_s": 0.0, "memory_stall_s": 0.0}


def series(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    return [int(v * 1e6) for v in values]


def test_verdicts_by_the_series() -> None:
    generator = np.random.default_rng(0)
    calm = 5 + generator.normal(0, 0.05, 200)
    assert judge(series(calm)).label == "steady"
    assert judge(series(calm * np.linspace(1, 1.1, 200))).label == "drifting"
    assert judge(series(calm * np.linspace(1.2, 1, 200))).label == "drifting"
    assert judge(series(calm * np.where(np.arange(200) < 100, 1, 1.3))).label == "drifting"
    assert judge(series(5 + generator.uniform(-1, 1, 200))).label == "noisy"
    assert judge(series(calm[:10])).label == "short"
    spiked = calm.copy()
    spiked[[20, 90, 150]] = 40  # a few interruptions do not make a series unsteady
    assert judge(series(spiked)).label == "steady"


def under(
    before: dict[str, float | str | None], after: dict[str, float | str | None], kind: str = "host"
) -> Session:
    """A steady series under these conditions; None is an unknown one."""

    def readings(values: dict[str, float | str | None]) -> dict[str, Reading]:
        return {
            name: Reading(value=value, reason=None if value is not None else "not readable")
            for name, value in values.items()
        }

    (session, _) = sessions()
    run = recorded(5.0).model_copy(
        update={
            "conditions_before": readings({**QUIET, **before}),
            "conditions_after": readings({**AFTER, **after}),
        }
    )
    device = session.device.model_copy(update={"kind": kind, "cores": 4})
    return session.model_copy(update={"run": run, "device": device})


@pytest.mark.parametrize(
    ("session", "label", "told"),
    [
        (under({}, {}), "steady", "drift"),
        (under({}, {"busy_s": 12.5}), "disturbed", "1.50 cores"),
        (under({"busy_s": None}, {"busy_s": None}), "steady", "drift"),
        (under({"temperature_c": 44}, {}, "android"), "hot start", "44 C"),
        (under({"temperature_c": 44}, {}), "steady", "drift"),
        (under({"temperature_c": None}, {}, "android"), "steady", "drift"),
        (under({"thermal_status": 1}, {}, "android"), "hot start", "thermal status 1"),
        (under({"thermal_status": 0}, {"thermal_status": 2}, "android"), "throttled", "status 2"),
        (under({"page_hidden": 1}, {"page_hidden": 1}, "browser"), "steady", "drift"),
        (under({"page_hidden": 1}, {"page_hidden": 2}, "browser"), "disturbed", "hidden"),
        (
            under({"page_visible": "false"}, {"page_visible": "false"}, "browser"),
            "disturbed",
            "hid",
        ),
        (under({"page_visible": None}, {"page_visible": "true"}, "browser"), "steady", "drift"),
    ],
)
def test_only_what_is_known_counts_against_a_session(
    session: Session, label: str, told: str
) -> None:
    found = verdict(session)
    assert found.label == label
    assert told in found.reason


@pytest.mark.parametrize(
    ("session", "told"),
    [
        (under({"governor": "powersave"}, {}), "governor is powersave"),
        (under({}, {"steal_s": 0.4}), "steal time 10%"),
        (under({}, {"memory_stall_s": 0.5}), "waited for memory"),
        (under({"settled": "no: other programs took 1.5 cores"}, {}), "was not settled"),
        (under({}, {"busy_s": 13.0}), "disturbed"),
    ],
)
def test_check_warns_with_a_remedy(session: Session, told: str) -> None:
    seen = [weak for weak in check([session]) if weak.about == session.id]
    assert [told in weak.seen for weak in seen].count(True) == 1
    assert all(weak.remedy for weak in seen)
    # What counts is there already for a run that resumes.
    assert not any("--resume" in weak.remedy for weak in seen)


def test_check_warns_of_a_series_and_of_too_few_sessions() -> None:
    (session, _) = sessions()
    assert session.run is not None
    spiky = [5_000_000] * 28 + [50_000_000] * 2
    changed = session.run.series.model_copy(update={"samples_ns": tuple(spiky), "settled": False})
    run = session.run.model_copy(update={"series": changed})
    told = "\n".join(w.seen for w in check([session.model_copy(update={"run": run})]))
    for words in ("had not settled", "give no p90", "times the median", "give no interval"):
        assert words in told


def test_check_is_a_command_with_a_status(home: Home) -> None:
    calm, busy = under({}, {}), under({"governor": None}, {"busy_s": 13.0})
    busy = busy.model_copy(update={"id": "b" * 12})
    write_session(home, calm)
    path = write_session(home, busy)
    output = invoke("check", str(path), calm.id[:8], status=3).output
    assert "other programs took" in output
    assert "next: end other programs" in output
    assert "unknown  governor: not readable" in output
    printed = json.loads(invoke("check", "last", "--json", status=3).output)
    assert {warning["about"][:1] for warning in printed["warnings"]} >= {"b"}
    assert "nothing" not in invoke("check", "zzz", status=1).output


def test_reports_leave_out_what_was_hot_and_say_so(home: Home) -> None:
    calm, busy = under({}, {}, "android"), under({}, {"busy_s": 13.0}, "android")
    hot = under({}, {"thermal_status": 2}, "android")
    write_session(home, calm)
    write_session(home, busy.model_copy(update={"id": "b" * 12}))
    write_session(home, hot.model_copy(update={"id": "c" * 12}))
    (row,) = load(home).rows
    assert set(row.sessions) == {calm.id, "b" * 12}
    assert any(f"session {'c' * 12} left out: throttled" in note for note in notes(load(home)))


@pytest.mark.parametrize(
    ("label", "counts"),
    [
        ("steady", True),
        ("starved", True),
        ("drifting", True),
        ("noisy", True),
        ("disturbed", True),
        ("under heat", True),
        ("throttled", False),
        ("hot start", False),
        ("short", False),
        ("failed", False),
        ("unknown", False),
    ],
)
def test_what_is_seen_is_told_and_only_heat_and_failure_leave_out(
    label: Label, counts: bool
) -> None:
    assert Verdict(label=label, reason="as said").counts == counts


def test_a_sustained_session_that_throttles_counts() -> None:
    hot = under({"thermal_status": 0}, {"thermal_status": 2}, "android")
    value = hot.model_dump() | {"plan": hot.plan.model_copy(update={"loop": LOOPS["sustained"]})}
    kept = {"samples_reason": "kept by its program", "reported": {"p50_ms": 5.0}}
    value["run"]["series"] |= kept | {"samples_ns": None}
    found = verdict(Session.model_validate(value))
    assert (found.label, found.counts) == ("under heat", True)
    assert found.reason == "thermal status 2 when it ended"


def test_a_sustained_session_is_judged_by_its_last_part() -> None:
    (session, _) = sessions()
    assert session.run is not None
    falling = [int(5e6 * (1 + 0.3 * min(1, i / 300))) for i in range(1000)]
    curve = session.run.series.model_copy(update={"samples_ns": tuple(falling)})
    plan = session.plan.model_copy(update={"loop": Loop(mode="sustained", limit_s=6.0)})
    run = session.run.model_copy(update={"series": curve})
    found = session.model_copy(update={"run": run, "plan": plan})
    assert verdict(found).label == "steady"
    burst = found.model_copy(update={"plan": session.plan})
    assert verdict(burst).label == "drifting"
    assert verdict(burst).counts
