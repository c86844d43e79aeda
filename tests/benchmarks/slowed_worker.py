"""The host's child process with a known slow-down inside the timed loop, for files named so."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter_ns
from typing import Any

from devices.host_worker import Worker, main

SLOW_DOWN = 0.03
MARK = "slowed"


class SlowedWorker(Worker):
    """Spins for 3 % of each inference's time after it, where the file's name says so."""

    slowed = False

    def open(
        self, path: str, runtime: str, threads: int, size: int | None, seed: int
    ) -> dict[str, Any]:
        self.slowed = MARK in Path(path).name
        return super().open(path, runtime, threads, size, seed)

    def infer_once(self) -> tuple[int, ...]:
        started = perf_counter_ns()
        self.model.infer()
        taken = perf_counter_ns() - started
        if self.slowed:
            until = started + int(taken * (1 + SLOW_DOWN))
            while perf_counter_ns() < until:
                pass
        return (perf_counter_ns() - started,)


if __name__ == "__main__":
    main(SlowedWorker())
