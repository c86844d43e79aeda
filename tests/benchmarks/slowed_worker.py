"""The host's child process with a known slow-down inside the timed loop, for files named so."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter_ns
from typing import Any

from devices.host.clocks import thread_cpu_ns
from devices.host.worker import Worker, main

SLOW_DOWN = 0.03
MARK = "slowed"


class SlowedWorker(Worker):
    """Spins for 3 % of each inference's CPU time after it, where the file's name says so. By CPU
    time, so that an inference that was interrupted is not slowed the more."""

    def __init__(self) -> None:
        super().__init__()
        self.slowed: set[int] = set()

    def open(self, file: int, **asked: Any) -> dict[str, Any]:
        if MARK in Path(asked["path"]).name:
            self.slowed.add(file)
        return super().open(file, **asked)

    def infer_once(self, file: int) -> int:
        if file not in self.slowed:
            return super().infer_once(file)
        started, began = perf_counter_ns(), thread_cpu_ns()
        super().infer_once(file)
        until = began + (thread_cpu_ns() - began) * (1 + SLOW_DOWN)
        while thread_cpu_ns() < until:
            pass
        return perf_counter_ns() - started


if __name__ == "__main__":
    main(SlowedWorker())
