"""A child process of the host that holds one file: killed, ended, and given what is no model."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from commands import TINY, Chain
from recorded import LOOP, request

from devices.host.device import HostDevice, HostRun
from zoo.base.errors import SessionFailed
from zoo.home import Home
from zoo.registry import get


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
