"""A child process that answers requests in lines of JSON (see host_worker.py)."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

from zoo.base.errors import SessionFailed


class HostProcess:
    """Runs the module `worker`. An answer may take deadline_s; a process that is late is ended."""

    def __init__(self, worker: str, deadline_s: float) -> None:
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
        self.replies: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.log: list[str] = []
        assert self.process.stdout
        assert self.process.stderr
        self.readers = [
            _reader(self.process.stdout, self.replies.put, lambda: self.replies.put(None)),
            _reader(self.process.stderr, self.log.append, lambda: None),
        ]
        self.alive = True

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, stage: str, own_length_s: float = 0.0, **values: Any) -> dict[str, Any]:
        """The answer to one request. own_length_s: how long it may take by its nature, besides
        the deadline. Raises SessionFailed; `alive` tells whether the process outlived it."""
        deadline_s = self.deadline_s + own_length_s
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps({"command": stage, **values}) + "\n")
            self.process.stdin.flush()
            reply = self.replies.get(timeout=deadline_s)
        except queue.Empty:
            self._end()
            raise SessionFailed(stage, f"no answer within {deadline_s:.3g} s") from None
        except BrokenPipeError:
            reply = None
        if reply is None:
            self.alive = False
            raise SessionFailed(stage, self._death())
        answer: dict[str, Any] = json.loads(reply)
        if "error" in answer:
            told = {"expected": answer.get("expected", ""), "remedy": answer.get("next", "")}
            raise SessionFailed(stage, answer["error"], **told)
        return answer

    def stand_still(self) -> None:
        """Stop it until it is `awake`: a pool of threads would go on spinning."""
        self._signal(signal.SIGSTOP)

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run for the block."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.stand_still()

    def close(self) -> None:
        """End it, however it stands. Never raises."""
        self._end()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            # It may have died with a request still in the pipe.
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()

    def _end(self) -> None:
        self.alive = False
        self._signal(signal.SIGKILL)

    def _signal(self, which: signal.Signals) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, which)

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
