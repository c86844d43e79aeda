"""A child process of the host that holds one file: killed, ended, and given what is no model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from commands import TINY, Chain
from own_models import write_convolutions
from recorded import LOOP, request

from devices.host.device import HostDevice, HostRun
from zoo.base.errors import SessionFailed
from zoo.home import Home
from zoo.registry import get

# Of two threads, which are not to spin while others are timed.
STANDS_STILL = """
import sys, time
from pathlib import Path
from devices.host.device import HostDevice
from devices.records import RunRequest
asked = RunRequest(model="m", artifact_sha256="0" * 64, format="onnx", runtime="onnxruntime",
                   precision="fp32", threads=2, size=None)
run = HostDevice().open(asked, Path(sys.argv[1]))
run.process.stand_still()
time.sleep(0.2)
print(run.process.pid, flush=True)
time.sleep(60)
"""


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


def test_a_worker_that_stands_still_ends_with_its_killed_parent(tmp_path: Path) -> None:
    file = write_convolutions(tmp_path / "m.onnx", 2)
    words = [sys.executable, "-c", STANDS_STILL, str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.status() == psutil.STATUS_STOPPED
        parent.kill()
    assert psutil.wait_procs([worker], timeout=10)[1] == []


def test_a_file_that_is_no_model_fails_at_open(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(SessionFailed, match=r"open: .*m\.onnx"):
        HostDevice().open(request(), path)


def test_a_mask_of_another_size_fails_at_open(chain: Chain) -> None:
    asked = request().model_copy(update={"size": 64})
    with pytest.raises(SessionFailed, match="open: "):
        HostDevice().open(asked, chain.home.artifact(get(TINY), "onnx", "fp32"))
