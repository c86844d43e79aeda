"""Sessions: measured through the seam, stored for good, read with suspicion."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from commands import TINY, Chain
from pydantic import ValidationError
from recorded import INFO, LOOP, PLAN, paired_work, recorded, replayed, request, sessions

from bench.protocol import Known, Work, measure, next_round
from bench.ranks import paired_ratio
from bench.record import Plan
from bench.relative import relative_logs
from bench.stats import session_median_ms
from bench.store import find_session, read_all, read_session, write_session
from devices.base import Reading, Series
from devices.host import HostDevice, HostRun
from devices.replay import ReplayDevice
from reports.load import load
from reports.page import page_html
from zoo.errors import RecordError, SessionFailed, UnknownName
from zoo.files import Home, sha256_of
from zoo.registry import get


def test_rounds_hold_each_once_with_references_among_them_and_follow_the_seed() -> None:
    work, nothing = paired_work(9), Known.of([], PLAN)

    def order(number: int, seed: int = 7) -> list[str]:
        plan = PLAN.model_copy(update={"seed": seed})
        return [one.request.model for one in next_round(work, nothing, plan, number)]

    counts = Counter(order(1))
    assert counts == {"m0": 2, **{f"m{i}": 1 for i in range(1, 9)}}
    assert order(2) == order(1)[::-1]
    assert order(3) != order(1)
    assert order(1) == order(1)
    assert order(1) != order(1, seed=8)
    # No session is more than four places from a reference.
    places = [place for place, name in enumerate(order(1)) if name == "m0"]
    assert all(min(abs(place - p) for p in places) <= 4 for place in range(10))


def test_what_is_stored_is_not_measured_again() -> None:
    plan = PLAN.model_copy(update={"sessions": 3, "max_sessions": 3})
    stored = sessions(2)
    device = ReplayDevice(INFO, [recorded(5.0)] * 9)
    work = [Work(request=request(), artifact=Path("any"))]
    fresh = list(measure(device, work, plan, stored))
    assert [s.plan.loop.mode for s in fresh] == ["memory", "burst"]
    assert list(measure(device, work, plan, [*stored, *fresh])) == []


def test_sessions_go_on_until_the_interval_is_narrow() -> None:
    plan = Plan(sessions=6, max_sessions=40, target=0.02, loop=LOOP)
    calm = replayed([recorded(5 + 0.001 * i) for i in range(40)], plan=plan)
    assert len(calm) - 1 == 6
    uneasy = [recorded(5 + (0.4 if i % 2 else -0.4) * (i < 12)) for i in range(40)]
    assert 6 < len(replayed(uneasy, plan=plan)) - 1 < 40
    hopeless = [recorded(5 + (0.4 if i % 2 else -0.4)) for i in range(40)]
    assert len(replayed(hopeless, plan=plan)) - 1 == 40


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
        one.request.model
        for number in range(1, 9)
        for one in next_round(work, Known.of([], plan), plan, number)
    ]
    cost = {"m0": 5.0, "m1": 6.0}
    runs = [recorded(cost[name] * (1 + 0.5 * i / 16)) for i, name in enumerate(order)]
    found = replayed(runs, work, plan)
    logs = relative_logs(found)
    medians = [session_median_ms(s) for s in found if s.timed and s.request.model == "m1"]
    assert max(medians) / min(medians) > 1.3
    ratio = paired_ratio(list(logs.values()))
    assert len(logs) == 8
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 1.2 < ratio.high
    assert ratio.value == pytest.approx(1.2, rel=0.005)


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
        assert len(session.run.series.samples_ns or ()) == (40 if session.timed else 0)
        assert len(session.run.series.warmup_ns) >= 10
        assert len(session.run.load_ns) == 2
        assert session.run.conditions_before["settled"].value is not None
        if not session.timed:
            peak, baseline = session.run.peak_memory_bytes, session.run.baseline_memory_bytes
            assert (peak or 0) > (baseline or 0)
        before, after = session.run.conditions_before, session.run.conditions_after
        assert before.keys() == after.keys() | {"settled"}
        artifact = chain.home.artifact(get(TINY), session.request.format, "fp32")
        assert session.request.artifact_sha256 == sha256_of(artifact)


def open_worker(home: Home, runtime: str = "onnxruntime") -> HostRun:
    format = "tflite" if runtime == "litert" else "onnx"
    asked = request(runtime=runtime)
    return HostDevice().open(asked, home.artifact(get(TINY), format, "fp32"))


def test_a_killed_worker_is_a_failed_session(chain: Chain) -> None:
    with open_worker(chain.home) as run:
        assert len(run.sample(3, LOOP)["total"]) == 3
        os.kill(run.process.pid, signal.SIGKILL)
        with pytest.raises(SessionFailed, match="SIGKILL") as caught:
            run.sample(3, LOOP)
    assert caught.value.stage == "sample"


def test_no_worker_outlives_its_session(chain: Chain) -> None:
    with open_worker(chain.home, "litert") as run:
        pid = run.process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_file_that_is_no_model_fails_at_open(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(SessionFailed, match=r"open: .*m\.onnx"):
        HostDevice().open(request(), path)


def test_a_mask_of_another_size_fails_at_open(chain: Chain) -> None:
    asked = request().model_copy(update={"size": 64})
    with pytest.raises(SessionFailed, match="open: "):
        HostDevice().open(asked, chain.home.artifact(get(TINY), "onnx", "fp32"))
