"""The child process of one host session. Reads one JSON request a line, answers one line each.

    {"command": "open", path, runtime, threads, size, seed} -> {load_ns, first_inference_ns}
    {"command": "sample", count, period_ms, frame}          -> {durations: {total or stage: ns}}
    {"command": "memory"}                                   -> {peak_bytes, baseline_bytes}
    {"command": "check"}                                    -> {}

It imports little (no pydantic), for a session waits for its start. The only thing inside the timed
loop is the model's own run, or the stages of a camera frame.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import psutil
from PIL import Image

from devices.frame import STAGES, frame_once
from zoo.errors import BenchError
from zoo.open_model import OpenModel
from zoo.runtime import load_library, open_model

# Linux counts ru_maxrss in KiB, macOS in bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Worker:
    """Holds the one model of this process. size is None for a file that is not the zoo's."""

    model: OpenModel
    size: int | None
    baseline_bytes: int
    due_ns = 0

    def open(
        self, path: str, runtime: str, threads: int, size: int | None, seed: int
    ) -> dict[str, Any]:
        load_library(runtime)
        self.size = size
        self.baseline_bytes = psutil.Process().memory_info().rss
        load_ns = []
        for _ in ("cold", "warm"):
            vars(self).pop("model", None)  # never two at once: the peak of memory is of one
            started = perf_counter_ns()
            self.model = open_model(Path(path), runtime, threads)
            load_ns.append(perf_counter_ns() - started)
        self.model.fill(seed)
        (first_ns,) = self.infer_once()
        self.check()
        gc.collect()
        gc.disable()
        return {"load_ns": load_ns, "first_inference_ns": first_ns}

    def sample(
        self, count: int, period_ms: float | None, frame: list[int] | None
    ) -> dict[str, Any]:
        once: Callable[[], tuple[int, ...]] = self.infer_once
        if frame is not None:
            width, height = frame
            noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
            picture = Image.fromarray(noise)

            def once() -> tuple[int, ...]:
                assert self.size is not None
                return frame_once(self.model, picture, self.size)

        taken = []
        for _ in range(count):
            if period_ms is not None:
                self.wait_for_frame(int(period_ms * 1e6))
            taken.append(once())
        durations = {"total": [sum(parts) for parts in taken]}
        if frame is not None:
            for place, stage in enumerate(STAGES):
                durations[stage] = [parts[place] for parts in taken]
        return {"durations": durations}

    def memory(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT
        return {"peak_bytes": peak, "baseline_bytes": self.baseline_bytes}

    def check(self) -> dict[str, Any]:
        outputs = self.model.outputs()
        if not all(np.isfinite(found).all() for found in outputs if found.dtype.kind == "f"):
            raise BenchError("an output holds NaN or infinity")
        if self.size is not None:
            wanted = (1, self.size, self.size)
            shapes = [found.shape for found in outputs]
            if [sorted(shape) for shape in shapes] != [[1, *wanted]]:
                raise BenchError(f"outputs of shape {shapes}, not one mask of {self.size}")
            mask = self.model.mask()
            if mask.min() < 0 or mask.max() > 1:
                raise BenchError("the mask holds values that are no probabilities")
        return {}

    def infer_once(self) -> tuple[int, ...]:
        started = perf_counter_ns()
        self.model.infer()
        return (perf_counter_ns() - started,)

    def wait_for_frame(self, period_ns: int) -> None:
        """Sleep until the next frame is due; one that comes late starts the clock anew."""
        now = perf_counter_ns()
        self.due_ns = max(self.due_ns + period_ns, now)
        time.sleep((self.due_ns - now) / 1e9)


def main(worker: Worker) -> None:
    """Answer until standard input ends."""
    # Runtimes print on standard output; answers go where they can not be mixed with that.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request = json.loads(line)
        command = getattr(worker, request.pop("command"))
        try:
            answer = command(**request)
        except BenchError as error:
            answer = {"error": error.seen}
        except MemoryError:
            answer = {"error": "out of memory"}
        except Exception as error:
            # Whatever a runtime raises (their classes share no base) is this session's failure.
            first, *_ = [*filter(None, map(str.strip, str(error).splitlines())), "no message"]
            answer = {"error": f"{type(error).__name__}: {first}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(Worker())
