"""The child process of the host's sessions. Reads one JSON request a line, answers one line each.

    {"command": "open", file, path, runtime, threads, size, seed, inputs, signature, values}
                                                -> {load_ns, first_inference_ns, settings}
    {"command": "burst", file, turns}                 -> the fields of devices.base.Burst
    {"command": "sample", file, count, period_ms, frame} -> {durations: {total or stage: ns}}
    {"command": "memory"}                             -> {peak_bytes, baseline_bytes}
    {"command": "check", file}                        -> {infinite: how many values}

An error is answered with {error, expected, next}. `file` is a number that the parent gives: one
process may hold several. inputs: as zoo.runtime.feeds.Feed has them, none of the zoo's own models;
values: the folder of those that stand in files. It imports little (no
pydantic), for a session waits for its start. The only thing inside the timed loop is the model's
own run, or the stages of a camera frame.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import psutil

from devices.host import clocks
from devices.host.taken import Held, Taken
from zoo.base.errors import BenchError, first_line
from zoo.runtime.feeds import Feed, arrays
from zoo.runtime.runtime import engine, load_library, open_model

PR_SET_PDEATHSIG = 1
NAN_REMEDY = "feed it what it was made for: --input NAME=FILE.npy, or NAME=LOW..HIGH"


class Worker:
    """Holds the models of this process."""

    baseline_bytes: int
    due_ns = 0

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}

    def open(self, file: int, **asked: Any) -> dict[str, Any]:
        """As `_open` does; whatever comes of it, no garbage is collected in a turn."""
        gc.enable()
        try:
            return self._open(file, **asked)
        except BaseException:
            self.held.pop(file, None)
            raise
        finally:
            gc.collect()
            gc.disable()

    def _open(
        self,
        file: int,
        path: str,
        runtime: str,
        threads: int,
        size: int | None,
        seed: int,
        inputs: list[dict[str, Any]],
        signature: str | None,
        values: str,
    ) -> dict[str, Any]:
        feeds = [Feed(**one | {"shape": tuple(one["shape"])}) for one in inputs]
        shapes = {feed.name: feed.shape for feed in feeds}
        load_library(runtime)
        self.baseline_bytes = psutil.Process().memory_info().rss
        load_ns, model = [], None
        for _ in ("cold", "warm"):
            del model  # never two at once: the peak of memory is of one
            started = perf_counter_ns()
            model = open_model(Path(path), runtime, threads, shapes, signature)
            load_ns.append(perf_counter_ns() - started)
        assert model is not None
        if threads > 1:
            _end_with_parent()
        held = Held(model=model, threads=threads, in_caller=engine(runtime).in_caller, size=size)
        self.held[file] = held
        if feeds:
            model.set_inputs(model.as_declared(feeds, arrays(feeds, seed, Path(values))))
        else:
            model.fill(seed)
        first_ns = self.infer_once(file)
        self.check(file)
        return {"load_ns": load_ns, "first_inference_ns": first_ns, "settings": model.settings}

    def burst(self, file: int, turns: dict[str, float]) -> dict[str, Any]:
        """One turn, as devices.base.Turns has it."""
        discard_ns, sample_ns = 1e6 * turns["discard_ms"], 1e6 * turns["sample_ms"]
        taken = Taken(self.held[file])
        discarded, spent, steal, pressure = 0, 0, clocks.steal_ms(), clocks.pressure_ms()
        began = perf_counter_ns()
        while spent < discard_ns or not discarded:
            spent += taken.add(self.infer_once, file)
            discarded += 1
        spent, until = 0, began + 1e6 * turns["limit_ms"]
        while spent < sample_ns:
            spent += taken.add(self.infer_once, file)
            if perf_counter_ns() >= until:
                break
        return {
            "started_ns": began,
            "discarded": discarded,
            **taken.readings(),
            "steal_ms": clocks.since(steal, clocks.steal_ms()),
            "pressure_ms": clocks.since(pressure, clocks.pressure_ms()),
        }

    def sample(
        self, file: int, count: int, period_ms: float | None, frame: list[int] | None
    ) -> dict[str, Any]:
        once = self.frames(file, *frame) if frame else lambda: (self.infer_once(file),)
        taken: list[tuple[int, ...]] = []
        for _ in range(count):
            if period_ms is not None:
                self.wait_for_frame(int(period_ms * 1e6))
            taken.append(once())
        durations = {"total": [sum(parts) for parts in taken]}
        if frame is not None:
            from devices.frame import STAGES

            for place, stage in enumerate(STAGES):
                durations[stage] = [parts[place] for parts in taken]
        return {"durations": durations}

    def frames(self, file: int, width: int, height: int) -> Callable[[], tuple[int, ...]]:
        """What an application does with each camera frame of that size."""
        from PIL import Image

        from devices.frame import frame_once

        held = self.held[file]
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture, size = Image.fromarray(noise), held.size
        assert size is not None
        return lambda: frame_once(held.model, picture, size)

    def memory(self) -> dict[str, Any]:
        return {"peak_bytes": clocks.peak_bytes(), "baseline_bytes": self.baseline_bytes}

    def check(self, file: int) -> dict[str, Any]:
        held = self.held[file]
        outputs = held.model.outputs()
        floats = [found for found in outputs if found.dtype.kind == "f"]
        if any(np.isnan(found).any() for found in floats):
            raise BenchError("an output holds NaN", expected="numbers", remedy=NAN_REMEDY)
        infinite = sum(int(np.isinf(found).sum()) for found in floats)
        if held.size is not None:
            if infinite:
                raise BenchError("an output holds infinity")
            wanted = (1, held.size, held.size)
            shapes = [found.shape for found in outputs]
            if [sorted(shape) for shape in shapes] != [[1, *wanted]]:
                raise BenchError(f"outputs of shape {shapes}, not one mask of {held.size}")
            mask = held.model.mask()
            if mask.min() < 0 or mask.max() > 1:
                raise BenchError("the mask holds values that are no probabilities")
        return {"infinite": infinite}

    def infer_once(self, file: int) -> int:
        infer = self.held[file].model.infer
        started = perf_counter_ns()
        infer()
        return perf_counter_ns() - started

    def wait_for_frame(self, period_ns: int) -> None:
        """Sleep until the next frame is due; one that comes late starts the clock anew."""
        now = perf_counter_ns()
        self.due_ns = max(self.due_ns + period_ns, now)
        time.sleep((self.due_ns - now) / 1e9)


def _end_with_parent() -> None:
    """One that stands still between its turns never reads that its standard input ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(worker: Worker) -> None:
    """Answer until standard input ends."""
    # Runtimes print on standard output; answers go where they cannot be mixed with that.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request = json.loads(line)
        command = getattr(worker, request.pop("command"))
        try:
            answer = command(**request)
        except BenchError as error:
            answer = {"error": error.seen, "expected": error.expected, "next": error.remedy}
        except MemoryError:
            answer = {"error": "out of memory"}
        except Exception as error:
            # Whatever a runtime raises (their classes share no base) is this session's failure.
            answer = {"error": first_line(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(Worker())
