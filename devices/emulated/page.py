"""A page without a browser: it speaks to the server as the real one does, and infers natively.

Its faults are those that phones and networks have; each is switched on by its name.
"""

from __future__ import annotations

import base64
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.emulated.line import Line
from zoo.runtime.open_model import OpenModel
from zoo.runtime.runtime import open_model

FAULTS = {
    "apart": "it sets all samples of a turn apart",
    "coarse": "it times many inferences together, after a first one that compiles",
    "column": "the output of the last inference is altered by one column",
    "garbage": "it is right at first, and wrong ever after",
    "impossible": "it tells of samples longer than its answer took",
    "late": "it is loaded anew when its last output is asked for, once",
    "lost": "its answer is lost on the way, and sent again",
    "replayed": "it sends an answer twice",
    "reloaded": "it is loaded anew in the middle, once",
    "closed": "it is closed in the middle",
    "worker": "its worker is killed in the middle, once",
    "hidden": "it is hidden meanwhile",
    "gpu": "it says that the GPU took part",
    "malformed": "it answers with keys that nobody knows",
}
STEP_US = 20
COMPILING_S = 0.2


@dataclass(kw_only=True)
class EmulatedPage:
    """One tab. link: the address with its fragment, as the terminal shows it; agent: what it says
    that it is. started: after how many turns a fault that happens once does."""

    link: str
    agent: str = "Mozilla/5.0 (X11; Linux x86_64) Emulated"
    name: str = "emulated page"
    faults: frozenset[str] = frozenset()
    after_turns: int = 10
    page: str = field(default_factory=lambda: secrets.token_hex(8))
    unit: str = field(default_factory=lambda: secrets.token_hex(8))
    over: str | None = None

    def __post_init__(self) -> None:
        self.line = Line(self.link, self.page)
        self.models: dict[tuple[int, int], OpenModel] = {}
        self.killed: set[int] = set()
        self.turns = self.hidden = 0
        self.closed = threading.Event()
        self.answers: list[dict[str, Any]] = []
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Join, and do what is asked, in a thread."""
        self._thread = threading.Thread(target=self.live, daemon=True)
        self._thread.start()

    def wait(self, limit_s: float = 60.0) -> None:
        assert self._thread
        self._thread.join(timeout=limit_s)

    def live(self) -> None:
        """Until the server says that it is over, or it is closed."""
        if not self.join():
            return
        answer: dict[str, Any] | None = None
        while not self.closed.is_set():
            told = self.line.post("/api/turn", {"answer": answer})
            if told is None:
                return
            if told["over"] is not None:
                self.over = told["over"]
                return
            answer = None
            if command := told["command"]:
                answer = self.answered(command)
                self.answers.append(answer)

    def join(self) -> bool:
        identity = {
            "unit": self.unit,
            "name": self.name,
            "user_agent": self.agent,
            "touch": False,
            "model": None,
            "platform": None,
            "platform_version": None,
            "cores": 2,
            "memory_gb": None,
            "secure": True,
            "isolated": True,
            "shared_memory": True,
            "relaxed_simd": True,
            "webgpu": False,
            "clock_step_us": STEP_US,
            "emulated": True,
        }
        return self.line.post("/api/join", identity) is not None

    def answered(self, command: dict[str, Any]) -> dict[str, Any]:
        """What it answers, with its faults."""
        kind, number = command["kind"], command["id"]
        self.turns += kind == "burst"
        if self.turns >= self.after_turns:
            self._happen(command)
        if "late" in self.faults and kind == "outputs":
            self._load_anew("late")
        if command.get("worker") in self.killed and kind != "end":
            return {"id": number, "error": "the worker did not answer in 30 s", "lost": True}
        try:
            given = {k: v for k, v in command.items() if k not in ("id", "kind", "deadline_s")}
            value = getattr(self, f"do_{kind}")(**given)
        except Exception as error:
            return {"id": number, "error": f"{type(error).__name__}: {error}"[:500]}
        if "malformed" in self.faults and kind == "burst":
            value = value | {"html": "<b>hello</b>"}
        answer = {"id": number, "value": value}
        if "lost" in self.faults:
            self.line.cut_off(answer)
        if "replayed" in self.faults and self.answers:
            self.line.post("/api/turn", {"answer": self.answers[-1]}, deadline_s=0.2)
        return answer

    def _happen(self, command: dict[str, Any]) -> None:
        if "reloaded" in self.faults:
            self._load_anew("reloaded")
        if "worker" in self.faults and "worker" in command:
            self.faults -= {"worker"}
            self.killed.add(command["worker"])
        if "hidden" in self.faults:
            self.hidden = 1
        if "closed" in self.faults:
            self.closed.set()

    def _load_anew(self, fault: str) -> None:
        self.faults -= {fault}
        self.models.clear()
        self.join()

    # The commands of page/src/messages.ts.

    def do_conditions(self) -> dict[str, Any]:
        return {
            "visible": True,
            "times_hidden": self.hidden,
            "frame_ms": 16.7,
            "battery": None,
            "charging": None,
            "clock_s": time.monotonic(),
        }

    def do_start(self, worker: int, runtime: str, accelerator: str, threads: int) -> dict[str, Any]:
        self.runtime, self.threads = runtime, threads
        return {"started": True}

    def do_end(self, worker: int) -> dict[str, Any]:
        self.models = {key: model for key, model in self.models.items() if key[0] != worker}
        return {"ended": True}

    def do_open(
        self, worker: int, file: int, sha256: str, inputs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        suffix = "tflite" if self.runtime == "litert" else "onnx"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{suffix}"
            path.write_bytes(self.line.fetch(f"/file/{sha256}"))
            began = time.perf_counter_ns()
            model = open_model(path, self.runtime, 1, {one["name"]: one["shape"] for one in inputs})
            loaded = time.perf_counter_ns() - began
        model.set_inputs([self._values(one) for one in inputs])
        began = time.perf_counter_ns()
        model.infer()
        first = time.perf_counter_ns() - began
        self.models[worker, file] = model
        outputs = [_shown(one) for one in model.outputs()]
        return {
            "load_ns": loaded,
            "first_ns": first,
            "outputs": outputs,
            "evidence": self._evidence(),
        }

    def _values(self, source: dict[str, Any]) -> NDArray[Any]:
        content = np.frombuffer(self.line.fetch(f"/file/{source['sha256']}"), source["dtype"])
        return content.reshape(source["shape"])

    def do_burst(
        self, worker: int, file: int, discard_ms: float, sample_ms: float, limit_ms: float
    ) -> dict[str, Any]:
        model, wall = self.models[worker, file], []
        together = 20 if "coarse" in self.faults else 1
        began = time.perf_counter_ns()
        for count in (1, together, together):
            started = time.perf_counter_ns()
            if count < together:
                time.sleep(COMPILING_S)
            for _ in range(count):
                model.infer()
            wall.append((time.perf_counter_ns() - started) // count)
        if "impossible" in self.faults:
            wall = [10**10 for _ in wall]
        return {
            "started_ns": began,
            "discarded": len(wall) if "apart" in self.faults else 1,
            "wall_ns": wall,
            "per_sample": together,
            "read_share": None,
        }

    def do_sample(
        self, worker: int, file: int, count: int, period_ms: float | None
    ) -> dict[str, Any]:
        model, total = self.models[worker, file], []
        for _ in range(count):
            began = time.perf_counter_ns()
            model.infer()
            total.append(time.perf_counter_ns() - began)
        return {"total_ns": total, "per_sample": 1}

    def do_outputs(self, worker: int, file: int) -> dict[str, Any]:
        found = self.models[worker, file].outputs()
        if "column" in self.faults:
            # As one that shifts the mask: its first column becomes its last.
            found = [np.roll(one, 1, axis=-2 if one.shape[-1] == 1 else -1) for one in found]
        if "garbage" in self.faults:
            found = [np.zeros_like(one) for one in found]
        return {"outputs": [_shown(one) for one in found], "evidence": self._evidence()}

    def _evidence(self) -> dict[str, Any]:
        return {
            "runtime_version": "emulated",
            "accelerator": "wasm",
            "fully_accelerated": True,
            "threads": self.threads,
            "gpu_submissions": 4 if "gpu" in self.faults else 0,
            "adapter": None,
            "fallback_adapter": None,
            "wasm": [],
            "heap_bytes": 20_000_000,
            "console": [],
        }


def _shown(values: NDArray[Any]) -> dict[str, Any]:
    return {
        "dtype": values.dtype.name,
        "shape": list(values.shape),
        "base64": base64.b64encode(np.ascontiguousarray(values).tobytes()).decode(),
    }
