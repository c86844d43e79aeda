"""Any model file can be measured; what goes wrong with one is a failed session with a reason."""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from commands import TINY, Chain, bench_process, check_all_were_taken, invoke
from own_models import (
    write_convolutions,
    write_greedy,
    write_not_a_number,
)

from bench.sessions.store import read_all
from bench.work.item import DENORMAL_WEIGHTS
from devices.host.device import HostDevice
from devices.records import Loop, RunRequest
from reports.load import load
from zoo.base.errors import SessionFailed
from zoo.home import Home

SESSIONS = ("--sessions", "6", "--max-sessions", "6")
QUICK = (*SESSIONS, "--rounds", "4")
# No waiting for a quiet machine: what these look at does not depend on one.
IN_A_ROW = (*SESSIONS, "--samples", "40", "--settle", "0")


def test_a_file_of_ones_own_is_measured_without_an_iou(home: Home, tmp_path: Path) -> None:
    light = write_convolutions(tmp_path / "light.onnx", 1)
    heavy = write_convolutions(tmp_path / "heavy.onnx", 4)
    told = invoke("run", str(light), str(heavy), *QUICK).output
    assert "pass 6: 2 of 2 known well enough" in told
    assert re.search(r"pass 2: .* at least 0:\d\d left", told)
    narrow = ("--target", "0.01%", "--max-sessions", "8", "--rounds", "4")
    told = invoke("run", str(light), str(heavy), "--sessions", "6", *narrow).output
    assert re.search(r"pass 6: 1 of 2 .* about 0:\d\d left", told)
    rows = {row.model: row for row in load(home).rows}
    assert rows.keys() == {"light.onnx", "heavy.onnx"}
    assert rows["heavy.onnx"].p50_ms.value > rows["light.onnx"].p50_ms.value
    references = {s.reference.model for s in read_all(home).sessions if s.reference}
    assert references == {"light.onnx"}
    assert all(row.joined.iou is None and row.joined.orphan is None for row in rows.values())
    printed = invoke("report").output
    assert "not measured: a file of one's own" in printed


def test_denormal_weights_are_named(home: Home, tmp_path: Path) -> None:
    sound = write_convolutions(tmp_path / "sound.onnx", 1)
    tiny = write_convolutions(tmp_path / "tiny.onnx", 1, scale=1e-40)
    invoke("run", str(sound), str(tiny), "--sessions", "2", "--rounds", "4")
    counts = {
        s.request.model: s.run.conditions_before[DENORMAL_WEIGHTS].value
        for s in read_all(home).sessions
        if s.run
    }
    assert counts == {"sound.onnx": 0, "tiny.onnx": 16 * 16 * 9}
    assert "2304 weights are denormal" in invoke("check", "last", status=3).output


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (write_not_a_number, "NaN"),
        (write_greedy, "memory|alloc"),
        (lambda path: path.write_bytes(b"no model"), "cannot open"),
    ],
    ids=["NaN", "out of memory", "no model"],
)
def test_a_file_that_fails_is_told_and_the_rest_goes_on(
    home: Home, tmp_path: Path, write: Callable[[Path], object], told: str
) -> None:
    bad = tmp_path / "bad.onnx"
    write(bad)
    sound = write_convolutions(tmp_path / "sound.onnx", 1)
    output = invoke("run", str(bad), str(sound), "--reference", "sound.onnx", *QUICK, status=3)
    stored = read_all(home).sessions
    failures = [s.failure for s in stored if s.request.model == "bad.onnx"]
    # One of memory and three of the passes; then it is not tried again.
    assert len(failures) == 4
    for failure in failures:
        assert failure is not None
        assert failure.stage == "open"
        assert any(word in failure.reason for word in told.split("|")), failure.reason
    assert "bad.onnx" in output.output
    assert sum(s.timed for s in stored) == 6


def asked(path: Path) -> tuple[RunRequest, Path]:
    request = RunRequest(
        model=path.name,
        size=None,
        format="onnx",
        precision="as given",
        artifact_sha256="0" * 64,
        runtime="onnxruntime",
        threads=1,
    )
    return request, path


def test_a_worker_that_hangs_fails_at_its_deadline(tmp_path: Path) -> None:
    device = HostDevice(deadline_s=5)
    path = write_convolutions(tmp_path / "m.onnx", 1)
    with device.open(*asked(path)) as run:
        os.kill(run.process.pid, signal.SIGSTOP)
        run.process.deadline_s = 0.5
        started = time.monotonic()
        with pytest.raises(SessionFailed, match="no answer within") as caught:
            run.sample(3, Loop())
        assert time.monotonic() - started < 5
    assert caught.value.stage == "sample"
    assert not psutil.pid_exists(run.process.pid)


def test_ctrl_c_keeps_what_is_finished_and_resume_goes_on(home: Home, tmp_path: Path) -> None:
    path = write_convolutions(tmp_path / "m.onnx", 2)
    words = ("run", str(path), "--sessions", "12", "--max-sessions", "12", "--rounds", "20")
    process = bench_process(home, *words)
    deadline = time.monotonic() + 60
    while len(list(home.results.glob("*/*.json"))) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # It stands still meanwhile, lest it be over before the other command says its word.
    process.send_signal(signal.SIGSTOP)
    children = psutil.Process(process.pid).children()
    refused = invoke(*words, status=1).output
    assert f"process {process.pid}: bench run" in refused
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert "--resume" in output
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    kept = {s.id for s in read_all(home).sessions}
    assert 4 <= len(kept) < 13
    invoke(*words, "--resume")
    assert kept < {s.id for s in read_all(home).sessions}
    check_all_were_taken(home, 12)
    assert "every session is there" in invoke(*words, "--resume").output


def test_a_frame_of_the_camera_is_timed_by_stage(chain: Chain, home: Home) -> None:
    shutil.copytree(chain.home.root, home.root, dirs_exist_ok=True)
    words = ("run", "-m", TINY, "--runtime", "litert", "--end-to-end", "320x240", *IN_A_ROW)
    invoke(*words)
    row = next(r for r in load(home).rows if "320x240" in r.facet.protocol)
    assert dict(row.stages_ms).keys() == {"resize", "convert", "infer", "upsample"}
    # By frame, for the parts of a median are not the medians of the parts. Between two parts the
    # program may be interrupted, so of half of the frames.
    series = [s.run.series for s in read_all(home).sessions if s.run and s.run.series.stages_ns]
    shares = [
        sum(parts) / whole
        for one in series
        for whole, *parts in zip(one.samples_ns or (), *(one.stages_ns or {}).values(), strict=True)
    ]
    assert len(shares) == 6 * 40
    assert max(shares) <= 1
    assert statistics.median(shares) > 0.95


def test_a_cadence_leaves_its_gaps(home: Home, tmp_path: Path) -> None:
    path = write_convolutions(tmp_path / "m.onnx", 1)
    words = ("--mode", "cadence", "--period", "10", "--duration", "0.5", "--settle", "0")
    started = time.monotonic()
    invoke("run", str(path), *words, "--sessions", "1", "--max-sessions", "1")
    assert time.monotonic() - started > 0.7
    session = read_all(home).sessions[-1]
    assert session.run is not None
    assert "cadence of 10 ms" in session.plan.protocol
    assert len(session.run.series.samples_ns or ()) >= 40


def test_a_sustained_run_takes_its_time_and_counts_its_end(home: Home, tmp_path: Path) -> None:
    path = write_convolutions(tmp_path / "m.onnx", 2)
    invoke("run", str(path), "--mode", "sustained", "--duration", "2", "--settle", "0")
    session = read_all(home).sessions[-1]
    assert session.run is not None
    samples = session.run.series.samples_ns or ()
    assert session.run.series.stopped_by == "time"
    assert sum(samples) >= 2e9
    picture = tmp_path / "curve.png"
    invoke("show", session.id, "--plot", str(picture))
    assert picture.stat().st_size > 5000
