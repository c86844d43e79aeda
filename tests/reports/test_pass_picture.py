"""What a user sees of a pass: its picture, its session as text, and its memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from PIL import Image
from recorded import IN_TURNS, paired_work, recorded_passes, replayed, sessions
from tiny_tflite import write_tiny

from bench.sessions.store import write_session
from devices.host.device import HostDevice
from devices.records import RunRequest
from reports.pictures.pass_picture import draw_pass
from zoo.base.errors import RecordError
from zoo.base.files import sha256_of
from zoo.home import Home


def test_a_pass_is_drawn_and_a_session_told(home: Home, tmp_path: Path) -> None:
    work = paired_work(3)
    found = replayed(recorded_passes(work, IN_TURNS, lambda name, _: 2.0), work, IN_TURNS)
    timed = [session for session in found if session.timed]
    for session in timed:
        write_session(home, session)
    picture, series = tmp_path / "pass.png", tmp_path / "series.png"
    told = invoke("show", timed[0].id, "--pass", str(picture), "--plot", str(series)).output
    assert "a process shared by 2 files" in told
    assert f"pass drawn: {picture}" in told
    for path in (picture, series):
        with Image.open(path) as drawn:
            assert drawn.size[0] > 600
            assert np.asarray(drawn).std() > 10


def test_what_is_no_pass_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not all in turns"):
        draw_pass(sessions(), tmp_path / "no.png")
    assert not (tmp_path / "no.png").exists()


def test_the_peak_of_memory_is_the_programs_own(tmp_path: Path) -> None:
    """A parent of 600 MB starts it; Linux would hand that peak down."""
    held = np.ones(600_000_000, dtype=np.uint8)
    path = write_tiny(tmp_path / "a.tflite")
    request = RunRequest(
        model="a",
        size=None,
        format="tflite",
        precision="as given",
        artifact_sha256=sha256_of(path),
        runtime="litert",
        threads=1,
    )
    with HostDevice().open(request, path) as run:
        peak, baseline = run.memory()
    assert held.all()
    assert baseline is not None
    assert peak is not None
    assert baseline <= peak < 400_000_000
