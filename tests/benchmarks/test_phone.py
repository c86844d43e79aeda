"""What driving a phone costs beside the measuring itself: `make bench-self`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from commands import invoke
from phones import adbs, phone, server
from self_figures import Figure
from tiny_tflite import write_tiny

from bench.store import read_all
from zoo.files import Home

MODELS, SESSIONS = 10, 6


@pytest.mark.skipif(not adbs(), reason="adb is not installed")
def test_time_outside_the_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    models = [str(write_tiny(tmp_path / f"{n}.tflite", 1 + n)) for n in range(MODELS)]
    with server(adbs()[0], tmp_path / "keys"), phone() as one:
        started = time.monotonic()
        options = ("--device", "android", "--sessions", str(SESSIONS), "--target", "50%")
        invoke("run", *models, *options)
        wall_s = time.monotonic() - started
        measuring_s = one.busy_s
    timed = [s for s in read_all(Home(root=tmp_path)).sessions if s.timed]
    figure("phone: sessions of 10 models", len(timed), "")
    figure("phone: time of the run", wall_s, "s")
    outside = wall_s / measuring_s - 1
    figure("phone: time outside the measuring, of it", 100 * outside, "%", at_most=20)
