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

from bench.protocol import Work, measure, schedule
from bench.record import Plan, Session
from bench.store import find_session, read_all, read_session, write_session
from devices.base import DeviceInfo, RawRun, Reading, RunRequest
from devices.host import HostDevice, HostRun
from devices.replay import ReplayDevice
from reports.load import load
from reports.page import page_html
from zoo.errors import RecordError, SessionFailed, UnknownName
from zoo.files import Home, sha256_of
from zoo.registry import get

INFO = DeviceInfo(kind="host", name="a phone", os="1", cpu="c", cores=8, memory_bytes=1)
PLAN = Plan(sessions=2, warmup=5, samples=30)


def request(model: str = TINY, runtime: str = "onnxruntime") -> RunRequest:
    return RunRequest(
        model=model,
        size=128,
        format="onnx",
        precision="fp32",
        artifact_sha256="0" * 64,
        runtime=runtime,
        threads=1,
    )


def recorded(p50_ms: float, samples: int = 30) -> RawRun:
    wave = [int(p50_ms * 1e6 * (1 + 0.001 * (i % 5))) for i in range(samples + 5)]
    return RawRun(
        load_ns=(9_000_000, 5_000_000),
        first_inference_ns=8_000_000,
        warmup_ns=tuple(wave[:5]),
        samples_ns=tuple(wave[5:]),
        peak_memory_bytes=70_000_000,
        baseline_memory_bytes=50_000_000,
        runtime_version="1.0",
        conditions_before={},
        conditions_after={},
    )


def sessions(count: int = 2) -> list[Session]:
    work = [Work(request=request(), artifact=Path("any"))]
    device = ReplayDevice(INFO, [recorded(5.0 + i) for i in range(count)])
    return list(measure(device, work, PLAN.model_copy(update={"sessions": count})))


def test_sessions_are_interleaved_and_the_order_is_of_the_seed() -> None:
    work = [Work(request=request(f"m{i}"), artifact=Path(f"{i}")) for i in range(4)]
    plan = Plan(sessions=5, seed=7)
    order = [one.request.model for one in schedule(work, plan)]
    rounds = [order[i : i + 4] for i in range(0, 20, 4)]
    assert all(sorted(r) == ["m0", "m1", "m2", "m3"] for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1
    assert order == [one.request.model for one in schedule(work, plan)]
    assert order != [one.request.model for one in schedule(work, Plan(sessions=5, seed=8))]


def test_what_is_stored_is_not_scheduled_again() -> None:
    fresh = Work(request=request("a"), artifact=Path("a"))
    begun = Work(request=request("b"), artifact=Path("b"), done=3)
    counts = Counter(one.request.model for one in schedule([fresh, begun], Plan(sessions=5)))
    assert counts == {"a": 5, "b": 2}


def test_a_replayed_session_keeps_every_sample_and_is_marked() -> None:
    first, second = sessions()
    assert first.run is not None
    assert first.run.samples_ns == recorded(5.0).samples_ns
    assert first.run.warmup_ns == recorded(5.0).warmup_ns
    assert first.device.emulated
    assert first.batch == second.batch
    assert (first.position, second.position) == (0, 1)


def test_a_failed_session_is_a_record_and_the_rest_goes_on() -> None:
    work = [Work(request=request(), artifact=Path("any"))]
    device = ReplayDevice(INFO, [recorded(5.0, samples=10), recorded(6.0)])
    short, whole = measure(device, work, PLAN)
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
        (b'{"schema_version": 1}', "is not a session"),
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
        RawRun.model_validate(recorded(5.0).model_dump() | {"samples_ns": None})


def test_an_unknown_first_inference_stays_unknown(home: Home) -> None:
    silent = recorded(5.0).model_copy(update={"first_inference_ns": None})
    device = ReplayDevice(INFO, [silent, silent])
    for session in measure(device, [Work(request=request(), artifact=Path("any"))], PLAN):
        write_session(home, session)
    (row,) = load(home).rows
    assert row.first_inference_ms is None
    assert "<td>0.00</td>" not in page_html(load(home), "<svg></svg>")


def test_a_nan_in_a_session_file_is_refused(home: Home) -> None:
    (session, _) = sessions()
    path = write_session(home, session)
    value = json.loads(path.read_text())
    value["run"]["reported"] = {"p50_ms": float("nan")}
    path.write_text(json.dumps(value))
    with pytest.raises(RecordError):
        read_session(path)


def test_the_chain_stored_what_it_measured(chain: Chain) -> None:
    stored = read_all(chain.home)
    assert stored.problems == ()
    assert Counter(s.request.runtime for s in stored.sessions) == {"onnxruntime": 6, "litert": 6}
    for session in stored.sessions:
        assert session.run is not None, session.failure
        assert len(session.run.samples_ns or ()) == 40
        assert len(session.run.warmup_ns) == 10
        assert len(session.run.load_ns) == 2
        assert (session.run.peak_memory_bytes or 0) > (session.run.baseline_memory_bytes or 0)
        assert session.run.conditions_before.keys() == session.run.conditions_after.keys()
        artifact = chain.home.artifact(get(TINY), session.request.format, "fp32")
        assert session.request.artifact_sha256 == sha256_of(artifact)


def open_worker(home: Home, runtime: str = "onnxruntime") -> HostRun:
    format = "tflite" if runtime == "litert" else "onnx"
    asked = request(runtime=runtime)
    return HostRun(asked, home.artifact(get(TINY), format, "fp32"))


def test_a_killed_worker_is_a_failed_session(chain: Chain) -> None:
    with open_worker(chain.home) as run:
        assert len(run.sample(3)) == 3
        os.kill(run.process.pid, signal.SIGKILL)
        with pytest.raises(SessionFailed, match="SIGKILL") as caught:
            run.sample(3)
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
