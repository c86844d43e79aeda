"""Sessions: measured through the seam, stored for good, read with suspicion."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from commands import TINY, Chain
from pydantic import ValidationError
from recorded import (
    IN_TURNS,
    INFO,
    LOOP,
    PLAN,
    in_turns,
    paired_work,
    recorded,
    recorded_passes,
    replayed,
    request,
    sessions,
    turn,
)

from bench.in_a_row import next_order
from bench.protocol import measure
from bench.sessions.record import Plan
from bench.sessions.store import find_session, read_all, read_session, write_session
from bench.statistics.ratios import ratio_over_passes
from bench.statistics.relative import relative_logs
from bench.statistics.stats import medians_ms
from bench.work.chosen import alike
from bench.work.item import DENORMAL_WEIGHTS, Work
from devices.records import Loop, Reading, Series
from devices.replay import ReplayDevice
from reports.load import load
from reports.page.page import page_html
from zoo.base.errors import RecordError, UnknownName
from zoo.base.files import sha256_of
from zoo.home import Home
from zoo.registry import get


def test_rounds_hold_each_once_with_references_among_them_and_follow_the_seed() -> None:
    work = paired_work(9)

    def order(number: int, seed: int = 7) -> list[str]:
        plan = PLAN.model_copy(update={"seed": seed})
        return [one.request.model for one in next_order(work, work, plan, number)]

    counts = Counter(order(1))
    assert counts == {"m0": 2, **{f"m{i}": 1 for i in range(1, 9)}}
    assert order(2) == order(1)[::-1]
    assert order(3) != order(1)
    assert order(1) == order(1)
    assert order(1) != order(1, seed=8)
    # No session is more than four places from a reference.
    places = [place for place, name in enumerate(order(1)) if name == "m0"]
    assert all(min(abs(place - p) for p in places) <= 4 for place in range(10))


def test_another_warm_up_is_another_protocol() -> None:
    """Their sessions stand in rows of their own, and not under one name."""
    short = Plan(loop=Loop(max_warmup=50))
    assert short.protocol != Plan(loop=Loop()).protocol
    assert "50 inferences of warm-up" in short.protocol


def test_what_is_stored_is_not_measured_again() -> None:
    plan = PLAN.model_copy(update={"sessions": 3, "max_sessions": 3})
    stored = sessions(2)
    device = ReplayDevice(INFO, [recorded(5.0)] * 9)
    work = [Work(request=request(), artifact=Path("any"))]
    fresh = list(measure(device, work, plan, stored))
    assert [s.plan.loop.mode for s in fresh] == ["memory", "burst"]
    assert list(measure(device, work, plan, [*stored, *fresh])) == []


@pytest.mark.parametrize(("restless", "least", "most"), [(0, 6, 6), (12, 8, 39), (40, 40, 40)])
def test_passes_go_on_until_the_ratio_is_narrow(restless: int, least: int, most: int) -> None:
    """It wanders by 8 % from pass to pass for so many of them; before 6 nobody looks."""
    plan = IN_TURNS.model_copy(update={"max_sessions": 40})
    work, a_pass = paired_work(2), 2 * 6

    def ms(name: str, moment: int) -> float:
        number = moment // a_pass
        wander = (0.08 if number % 2 else -0.08) * (number < restless)
        return 5.0 * (1 + wander) if name == "m1" else 5.0

    found = replayed(recorded_passes(work, plan, ms), work, plan)
    counts = Counter(s.request.model for s in found if s.timed)
    assert counts["m0"] == counts["m1"]
    assert least <= counts["m1"] <= most


def test_a_reference_goes_on_no_longer_than_those_beside_it() -> None:
    """Its own latency wanders by 8 %, the other's with it: the ratio is known at once."""
    plan = Plan(sessions=6, max_sessions=40, target=0.02, loop=LOOP)
    wander = [1 + (0.04 if i // 2 % 2 else -0.04) for i in range(24)]
    found = replayed([recorded(5 * by) for by in wander], paired_work(2), plan)
    assert Counter(s.request.model for s in found if s.timed) == {"m0": 6, "m1": 6}


def test_drift_of_the_device_is_divided_out() -> None:
    """The device slows by half over the run; one file takes 1.2 times the other's time."""
    plan = PLAN.model_copy(update={"sessions": 8, "max_sessions": 8})
    work = paired_work(2)
    order = [
        one.request.model for number in range(1, 9) for one in next_order(work, work, plan, number)
    ]
    cost = {"m0": 5.0, "m1": 6.0}
    runs = [recorded(cost[name] * (1 + 0.5 * i / 16)) for i, name in enumerate(order)]
    found = replayed(runs, work, plan)
    logs = relative_logs(found)
    medians = medians_ms(s for s in found if s.timed and s.request.model == "m1")
    assert max(medians) / min(medians) > 1.3
    ratio = ratio_over_passes(list(logs.values()))
    assert len(logs) == 8
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 1.2 < ratio.high
    assert ratio.value == pytest.approx(1.2, rel=0.005)


def test_a_speed_that_changes_between_turns_is_divided_out() -> None:
    """Half as slow again for some turns of every thirty; a file takes 1.2 times the other's."""
    work, cost = paired_work(3), {"m0": 5.0, "m1": 6.0, "m2": 0.5}
    runs = recorded_passes(
        work, IN_TURNS, lambda name, moment: cost[name] * (1.5 if moment % 30 < 11 else 1.0)
    )
    found = replayed(runs, work, IN_TURNS)
    assert Counter(s.request.model for s in found if s.timed) == {"m0": 6, "m1": 6, "m2": 6}
    logs = relative_logs(found)
    for name, truth in (("m1", 1.2), ("m2", 0.1)):
        ratio = ratio_over_passes([logs[s.id] for s in found if s.request.model == name if s.timed])
        assert ratio.value == pytest.approx(truth, rel=0.01)


def test_a_recording_that_ends_in_a_pass_fails_what_is_left_of_it() -> None:
    few = in_turns([turn(5.0, round) for round in range(3)])
    found = replayed([few], plan=IN_TURNS.model_copy(update={"sessions": 1, "max_sessions": 1}))
    (_, session) = found
    assert session.failure is not None
    assert session.failure.stage == "burst"
    assert "no more turns" in session.failure.reason


def test_a_device_that_keeps_its_samples_still_counts(home: Home) -> None:
    told = recorded(5.0).model_copy(
        update={
            "series": Series(
                warmup_ns=(),
                settled=None,
                samples_ns=None,
                samples_reason="benchmark_model prints statistics only",
                reported={"p50_ms": 5.5},
                stopped_by="program",
            )
        }
    )
    for session in replayed([told] * 6, plan=Plan(sessions=6, loop=LOOP)):
        write_session(home, session)
    (row,) = load(home).rows
    assert (row.p50_ms.value, row.p50_ms.low, row.p90_ms, row.samples) == (5.5, 5.5, None, 0)


def test_a_replayed_session_keeps_every_sample_and_is_marked() -> None:
    first, second = sessions()
    assert first.run is not None
    assert first.run.series.samples_ns == recorded(5.0).series.samples_ns
    assert first.run.series.warmup_ns == recorded(5.0).series.warmup_ns
    assert first.run.series.settled
    assert first.device.emulated
    assert first.batch == second.batch
    assert (first.round, first.position) == (1, 1)
    assert (second.round, second.position) == (2, 2)


def test_memory_is_read_in_a_session_of_its_own() -> None:
    memory, *timed = replayed([recorded(5.0), recorded(6.0)])
    assert memory.run is not None
    assert memory.run.peak_memory_bytes == 70_000_000
    assert not memory.timed
    assert all(s.run is not None and s.run.peak_memory_bytes is None for s in timed)


def test_a_failed_session_is_a_record_and_the_rest_goes_on() -> None:
    _, short, whole = replayed([recorded(5.0, samples=10), recorded(6.0)])
    assert short.run is None
    assert short.failure is not None
    assert short.failure.stage == "sample"
    assert whole.run is not None


def test_a_stored_session_reads_back(home: Home) -> None:
    (session, _) = sessions()
    path = write_session(home, session)
    assert path.parent == home.results / "host"
    assert read_session(path) == session
    assert find_session(home, session.id[:6]) == session
    with pytest.raises(UnknownName):
        find_session(home, "zzz")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"schema_version": 99}', "schema 99"),
        (b"[]", "schema None"),
        (b'{"schema_version": 2}', "is not a session"),
        (b"\xff\x00", "is not a session"),
        (b"", "is not a session"),
        (b"[" * 100_000, "is not a session"),
    ],
)
def test_a_broken_file_is_named_and_the_rest_loads(home: Home, content: bytes, told: str) -> None:
    (session, _) = sessions()
    write_session(home, session)
    bad = home.results / "host" / "20200101T000000Z-bad.json"
    bad.write_bytes(content)
    stored = read_all(home)
    assert stored.sessions == (session,)
    (problem,) = stored.problems
    assert isinstance(problem, RecordError)
    assert told in str(problem)
    assert bad.name in str(problem)


def test_the_protocol_before_is_read_marked_and_not_pooled(home: Home) -> None:
    (new, _) = sessions()
    value = json.loads(new.model_dump_json()) | {"schema_version": 2, "id": "a" * 12}
    # What that protocol did not know of.
    del value["plan"]["limit_s"], value["plan"]["loop"]["turns"]
    del value["run"]["shared_by"], value["run"]["series"]["bursts"]
    write_session(home, new)
    (home.results / "host" / "20260101T000000Z-aaaaaaaaaaaa.json").write_text(json.dumps(value))
    stored = read_all(home)
    assert stored.problems == ()
    (old,) = [session for session in stored.sessions if session.id == "a" * 12]
    assert old.protocol == f"{new.protocol}, older protocol 2"
    assert {row.sessions for row in load(home).rows} == {(new.id,), (old.id,)}
    device = ReplayDevice(INFO, [recorded(5.0)])
    device.open(new.request, Path("any"))
    work = [Work(request=new.request, artifact=Path("any"))]
    assert alike(stored.sessions, device, new.plan, work) == [new]
    assert alike(stored.sessions, device, new.plan, []) == []
    # Ratios to another reference are others; a file that now stands alone has none.
    beside = new.model_copy(update={"reference": request("m0")})
    assert alike([new, beside], device, new.plan, work) == [new, beside]
    work = [replace(work[0], reference=request("m0"))]
    assert alike([new, beside], device, new.plan, work) == [beside]


def test_missing_is_null_with_a_reason() -> None:
    with pytest.raises(ValidationError):
        Reading(value=None)
    with pytest.raises(ValidationError):
        Series.model_validate(recorded(5.0).series.model_dump() | {"samples_ns": None})


def test_an_unknown_first_inference_stays_unknown(home: Home) -> None:
    silent = recorded(5.0).model_copy(update={"first_inference_ns": None})
    for session in replayed([silent, silent]):
        write_session(home, session)
    (row,) = load(home).rows
    assert row.first_inference_ms is None
    assert "<td>0.00</td>" not in page_html(load(home))


def test_a_nan_in_a_session_file_is_refused(home: Home) -> None:
    (session, _) = sessions()
    path = write_session(home, session)
    value = json.loads(path.read_text())
    value["run"]["series"]["reported"] = {"p50_ms": float("nan")}
    path.write_text(json.dumps(value))
    with pytest.raises(RecordError):
        read_session(path)


def test_the_chain_stored_what_it_measured(chain: Chain) -> None:
    stored = read_all(chain.home)
    assert stored.problems == ()
    timed = [s for s in stored.sessions if s.timed]
    assert Counter(s.request.runtime for s in timed) == {"onnxruntime": 6, "litert": 6}
    for session in stored.sessions:
        assert session.run is not None, session.failure
        assert len(session.run.series.bursts or ()) == (4 if session.timed else 0)
        assert len(session.run.load_ns) == 2
        before, after = session.run.conditions_before, session.run.conditions_after
        if session.timed:
            assert session.run.shared_by == 2
            assert before.keys() == after.keys() | {DENORMAL_WEIGHTS}
        else:
            peak, baseline = session.run.peak_memory_bytes, session.run.baseline_memory_bytes
            assert (peak or 0) > (baseline or 0)
            assert before.keys() == after.keys() | {"settled", DENORMAL_WEIGHTS}
        artifact = chain.home.artifact(get(TINY), session.request.format, "fp32")
        assert session.request.artifact_sha256 == sha256_of(artifact)
