"""The child process of one host session. Reads one JSON request a line, answers one line each.

    {"command": "open", path, runtime, threads, size, seed} -> {load_ns, first_inference_ns}
    {"command": "sample", count}                            -> {samples_ns}
    {"command": "memory"}                                   -> {peak_bytes, baseline_bytes}

The only thing inside the timed loop is the model's own run.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import psutil

from zoo.engines import OpenModel
from zoo.errors import BenchError
from zoo.parity import noise
from zoo.runtime import load_library, open_model

# Linux counts ru_maxrss in KiB, macOS in bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Worker:
    """Holds the one model of this process."""

    model: OpenModel
    baseline_bytes: int

    def open(self, path: str, runtime: str, threads: int, size: int, seed: int) -> dict[str, Any]:
        load_library(runtime)
        (image,) = noise(size, 1, seed)
        self.baseline_bytes = psutil.Process().memory_info().rss
        load_ns = []
        for _ in ("cold", "warm"):
            vars(self).pop("model", None)  # never two at once: the peak of memory is of one
            started = perf_counter_ns()
            self.model = open_model(Path(path), runtime, threads)
            load_ns.append(perf_counter_ns() - started)
        self.model.feed(image)
        started = perf_counter_ns()
        self.model.infer()
        first_ns = perf_counter_ns() - started
        self._check_mask(size)
        gc.collect()
        gc.disable()
        return {"load_ns": load_ns, "first_inference_ns": first_ns}

    def sample(self, count: int) -> dict[str, Any]:
        infer = self.model.infer
        samples = []
        for _ in range(count):
            started = perf_counter_ns()
            infer()
            samples.append(perf_counter_ns() - started)
        return {"samples_ns": samples}

    def memory(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT
        return {"peak_bytes": peak, "baseline_bytes": self.baseline_bytes}

    def _check_mask(self, size: int) -> None:
        mask = self.model.mask()
        if mask.shape != (size, size):
            raise BenchError(f"the mask is {mask.shape}", expected=f"({size}, {size})")
        if not (np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1):
            raise BenchError("the mask holds values that are no probabilities", expected="0..1")


def main() -> None:
    # Runtimes print on standard output; answers go where they can not be mixed with that.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        command = getattr(worker, request.pop("command"))
        try:
            answer = command(**request)
        except BenchError as error:
            answer = {"error": error.seen}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
