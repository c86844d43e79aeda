"""What driving a phone costs beside the measuring itself: `make bench-self`."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

import pytest
from commands import invoke
from phones import adbs, phone, server
from self_figures import Figure
from tiny_tflite import write_tiny

from bench.sessions.record import Session
from bench.sessions.store import read_all
from devices.emulated.phone import EmulatedPhone
from devices.emulated.root import environment
from zoo.home import Home

MODELS, SESSIONS = 10, 6
# So that an inference takes about a millisecond, as the zoo's do: between inferences of some
# microseconds the stand-in's loop takes as long as they.
OPERATORS = 600


@pytest.mark.skipif(not adbs(), reason="adb is not installed")
def test_time_outside_the_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Measuring is what benchmark_model tells of itself: load, warm-up and inferences. All the rest
    is outside, memory passes and checks too, but for the time that Python takes to begin where a
    phone has a program."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    models = [str(write_tiny(tmp_path / f"{n}.tflite", OPERATORS + n)) for n in range(MODELS)]
    with server(adbs()[0], tmp_path / "keys"), phone() as one:
        beginning_s = beginning(one)
        started = time.monotonic()
        options = ("--device", "android", "--sessions", str(SESSIONS))
        invoke("run", *models, *options, "--max-sessions", str(SESSIONS))
        wall_s = time.monotonic() - started
    sessions = list(read_all(Home(root=tmp_path)).sessions)
    assert all(session.run for session in sessions)
    measuring_s = sum(map(measured, sessions))
    figure("phone: sessions of 10 models", len(sessions), "")
    figure("phone: time of the run", wall_s, "s")
    figure("phone: of it the measuring itself", measuring_s, "s")
    figure("phone: of it the stand-in's Python, that begins", beginning_s * len(sessions), "s")
    outside_s = wall_s - measuring_s - beginning_s * len(sessions)
    share = 100 * outside_s / measuring_s
    figure("phone: time outside the measuring, of it", share, "%", at_most=20)


def measured(session: Session) -> float:
    """Seconds; none for a memory pass, which tells no times."""
    run = session.run
    if run is None or run.series.reported is None:
        return 0.0
    told = run.series.reported
    inferences_ms = told["runs"] * told["mean_ms"] + told["warmup_runs"] * told["warmup_mean_ms"]
    return inferences_ms / 1e3 + sum(run.load_ns) / 1e9


def beginning(one: EmulatedPhone) -> float:
    """Seconds until the interpreter of the stand-in has what it needs to open a model."""
    program = str(one.root / "system/bin/bench-emulated-python")
    took = []
    for _ in range(7):
        started = time.monotonic()
        words = [program, "-c", "import numpy, ai_edge_litert.interpreter"]
        subprocess.run(words, check=True, env=environment(one.root))
        took.append(time.monotonic() - started)
    return statistics.median(took)
