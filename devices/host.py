"""This machine: one child process a session, spoken to in lines of JSON (see host_worker.py)."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from devices.base import Device, DeviceInfo, Loop, OpenRun, Reading, RunRequest
from devices.conditions import host_conditions, host_info, wait_for_quiet
from zoo.errors import SessionFailed
from zoo.runtime import RUNTIMES, version, why_not

DEADLINE_S = 120.0


class HostDevice(Device):
    """The machine this runs on. deadline_s: what loading, or sampling beyond its own length, may
    take. worker: the module that is run as the child process."""

    def __init__(self, deadline_s: float = DEADLINE_S, worker: str = "devices.host_worker") -> None:
        self.deadline_s = deadline_s
        self.worker = worker

    def info(self) -> DeviceInfo:
        return host_info()

    def runtimes(self) -> Mapping[str, str | None]:
        return {name: why_not(name) for name in RUNTIMES}

    def runtime_version(self, runtime: str) -> str:
        return version(runtime)

    def conditions(self) -> dict[str, Reading]:
        return host_conditions()

    def settle(self, limit_s: float) -> Reading:
        return wait_for_quiet(limit_s)

    def open(self, request: RunRequest, artifact: Path) -> HostRun:
        return HostRun(request, artifact, self.deadline_s, self.worker)


class HostRun(OpenRun):
    """A worker process that holds one loaded artifact."""

    def __init__(self, request: RunRequest, artifact: Path, deadline_s: float, worker: str) -> None:
        self.deadline_s = deadline_s
        self.process = subprocess.Popen(
            # -P: the working folder may hold a folder named like one of ours.
            [sys.executable, "-P", "-m", worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""},
            start_new_session=True,
        )
        self.replies: queue.Queue[str | None] = queue.Queue()
        self.log: list[str] = []
        assert self.process.stdout
        assert self.process.stderr
        self.readers = [
            _reader(self.process.stdout, self.replies.put, lambda: self.replies.put(None)),
            _reader(self.process.stderr, self.log.append, lambda: None),
        ]
        try:
            opened = self._ask(
                "open",
                path=str(artifact.resolve()),
                runtime=request.runtime,
                threads=request.threads,
                size=request.size,
                seed=request.input_seed,
            )
        except BaseException:
            self.close()
            raise
        self.load_ns = tuple(opened["load_ns"])
        self.first_inference_ns: int = opened["first_inference_ns"]

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        slowest_s = 10 * self.first_inference_ns / 1e9 + (loop.period_ms or 0) / 1e3
        answer = self._ask(
            "sample",
            own_length_s=count * slowest_s,
            count=count,
            period_ms=loop.period_ms,
            frame=loop.frame,
        )
        durations: dict[str, list[int]] = answer["durations"]
        return durations

    def memory(self) -> tuple[int | None, int | None]:
        answer = self._ask("memory")
        return answer["peak_bytes"], answer["baseline_bytes"]

    def check(self) -> None:
        self._ask("check")

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            # The worker may have died with a request still in the pipe.
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()

    def _ask(self, stage: str, own_length_s: float = 0.0, **values: Any) -> dict[str, Any]:
        deadline_s = self.deadline_s + own_length_s
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps({"command": stage, **values}) + "\n")
            self.process.stdin.flush()
            reply = self.replies.get(timeout=deadline_s)
        except queue.Empty:
            raise SessionFailed(stage, f"no answer within {deadline_s:.3g} s") from None
        except BrokenPipeError:
            reply = None
        if reply is None:
            raise SessionFailed(stage, self._death())
        answer: dict[str, Any] = json.loads(reply)
        if "error" in answer:
            raise SessionFailed(stage, answer["error"])
        return answer

    def _death(self) -> str:
        status = self.process.wait()
        self.readers[1].join()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        printed = [line.strip() for line in self.log if line.strip()]
        tail = printed[-1] if printed else "it printed nothing"
        return f"the worker process ended {how}: {tail}"


def _reader(stream: IO[str], take: Any, end: Any) -> threading.Thread:
    def read() -> None:
        for line in stream:
            take(line)
        end()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
