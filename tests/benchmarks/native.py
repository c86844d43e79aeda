"""The runtimes' own clocks: a bare loop around the C function that runs a model, and nothing else.

    python -P native.py CLOCK PATH THREADS

Loads the model, then reads counts, one a line, and answers each by a JSON list of durations in ns.
It imports nothing of the zoo, and no Python interface of a runtime but for the profiler's clock:
only the C libraries that lie in the wheels.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
import tempfile
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_void_p
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

Clock = Callable[[int], list[int]]

FIRST, ONE = c_size_t(0), c_size_t(1)

# Places in onnxruntime_c_api.h's table, which only ever grows at its end.
ORT_API_VERSION = 12
ORT_PLACES = {
    "GetErrorMessage": 2,
    "CreateEnv": 3,
    "CreateSession": 7,
    "Run": 9,
    "CreateSessionOptions": 10,
    "SetIntraOpNumThreads": 24,
    "SetInterOpNumThreads": 25,
    "SessionGetInputTypeInfo": 33,
    "SessionGetOutputTypeInfo": 34,
    "SessionGetInputName": 36,
    "SessionGetOutputName": 37,
    "CreateTensorAsOrtValue": 48,
    "GetTensorMutableData": 51,
    "CastTypeInfoToTensorInfo": 55,
    "GetDimensionsCount": 61,
    "GetDimensions": 62,
    "GetAllocatorWithDefaultOptions": 78,
}
ORT_ERROR, ORT_FLOAT = 3, 1

LITERT_CPU, LITERT_WRITE = 1, 1


class OrtApiBase(ctypes.Structure):
    _fields_ = (("get_api", ctypes.CFUNCTYPE(POINTER(c_void_p), c_uint32)), ("version", c_void_p))


class RankedTensorType(ctypes.Structure):
    """LiteRtRankedTensorType. layout: rank and whether there are strides, dimensions, strides."""

    _fields_ = (("element_type", c_int), ("layout", c_int32 * 17))


class Library:
    """A C library whose functions tell failure by what they return."""

    def call(self, name: str, *values: Any) -> None:
        raise NotImplementedError

    def made(self, name: str, *values: Any) -> c_void_p:
        """What a function gives through its last argument."""
        place = c_void_p()
        self.call(name, *values, byref(place))
        return place


class Ort(Library):
    """The wheel's libonnxruntime; its Python module holds a copy of the same code."""

    def __init__(self) -> None:
        (library,) = wheel("onnxruntime").glob("capi/libonnxruntime.*[0-9]*")
        entry = ctypes.CDLL(str(library)).OrtGetApiBase
        entry.restype = POINTER(OrtApiBase)
        self.table = entry().contents.get_api(ORT_API_VERSION)

    def function(self, name: str) -> Callable[..., int | None]:
        prototype: Callable[..., Any] = ctypes.CFUNCTYPE(c_void_p)
        function: Callable[..., int | None] = prototype(self.table[ORT_PLACES[name]])
        return function

    def call(self, name: str, *values: Any) -> None:
        if status := self.function(name)(*values):
            tell = ctypes.CFUNCTYPE(c_char_p, c_void_p)(self.table[ORT_PLACES["GetErrorMessage"]])
            raise RuntimeError(f"{name}: {tell(status)!r}")

    def tensor(self, session: c_void_p, side: str, allocator: c_void_p) -> tuple[c_void_p, int]:
        """A tensor for the first input or output, and how many floats it holds."""
        info = self.made(f"SessionGet{side}TypeInfo", session, FIRST)
        shape_info, rank = self.made("CastTypeInfoToTensorInfo", info), c_size_t()
        self.call("GetDimensionsCount", shape_info, byref(rank))
        shape = (ctypes.c_int64 * rank.value)()
        self.call("GetDimensions", shape_info, shape, rank)
        tensor = self.made("CreateTensorAsOrtValue", allocator, shape, rank, ORT_FLOAT)
        return tensor, math.prod(shape)


def onnxruntime_clock(path: Path, threads: int) -> Clock:
    """OrtApi::Run, with an input and an output that were made once."""
    ort = Ort()
    options = ort.made("CreateSessionOptions")
    ort.call("SetIntraOpNumThreads", options, threads)
    ort.call("SetInterOpNumThreads", options, 1)
    environment = ort.made("CreateEnv", ORT_ERROR, b"native")
    session = ort.made("CreateSession", environment, bytes(path), options)
    allocator = ort.made("GetAllocatorWithDefaultOptions")
    given, size = ort.tensor(session, "Input", allocator)
    result, _ = ort.tensor(session, "Output", allocator)
    ctypes.memmove(ort.made("GetTensorMutableData", given), noise(size), size * 4)
    names = [ort.made(f"SessionGet{s}Name", session, FIRST, allocator) for s in ("Input", "Output")]
    before, after = (byref(names[0]), byref(given), ONE), (byref(names[1]), ONE, byref(result))
    run = ort.function("Run")

    def once() -> None:
        if run(session, None, *before, *after):
            raise RuntimeError("Run failed")

    return timed(once)


def onnxruntime_profiler(path: Path, threads: int) -> Clock:
    """The profiler's `model_run`; it notes every node besides. Each count is a session anew."""
    import onnxruntime

    def take(count: int) -> list[int]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.enable_profiling = True
        with tempfile.TemporaryDirectory() as folder:
            options.profile_file_prefix = str(Path(folder) / "run")
            session = onnxruntime.InferenceSession(str(path), options)
            (given,) = session.get_inputs()
            image = np.frombuffer(noise(math.prod(given.shape)), np.float32).reshape(given.shape)
            for _ in range(count):
                session.run(None, {given.name: image})
            events = json.loads(Path(session.end_profiling()).read_text())
        return [event["dur"] * 1000 for event in events if event["name"] == "model_run"]

    return take


class LiteRt(Library):
    """The wheel's libLiteRt, and one compiled model."""

    def __init__(self, path: Path, threads: int) -> None:
        self.library = ctypes.CDLL(str(wheel("ai_edge_litert") / "libLiteRt.so"))
        self.environment = self.made("CreateEnvironment", 0, None)
        self.file = self.made("CreateModelFromFile", self.environment, bytes(path))
        options = self.made("CreateOptions")
        self.call("SetOptionsHardwareAccelerators", options, LITERT_CPU)
        # Kept: the library holds on to both. Options are TOML, by their accelerator's name.
        self.text = ctypes.create_string_buffer(f"num_threads = {threads}\n".encode())
        self.leave = ctypes.CFUNCTYPE(None, c_void_p)(lambda _: None)
        cpu = self.made("CreateOpaqueOptions", b"xnnpack", self.text, self.leave)
        self.call("AddOpaqueOptions", options, cpu)
        self.model = self.made("CreateCompiledModel", self.environment, self.file, options)

    def call(self, name: str, *values: Any) -> None:
        if status := self.library[f"LiteRt{name}"](*values):
            raise RuntimeError(f"LiteRt{name}: status {status}")

    def buffer(self, side: str) -> c_void_p:
        """A buffer for the first input or output."""
        signature = self.made("GetModelSignature", self.file, FIRST)
        tensor = self.made(f"GetSignature{side}TensorByIndex", signature, FIRST)
        kind = RankedTensorType()
        self.call("GetRankedTensorType", tensor, byref(kind))
        needs = self.made(f"GetCompiledModel{side}BufferRequirements", self.model, FIRST, FIRST)
        create = "CreateManagedTensorBufferFromRequirements"
        return self.made(create, self.environment, byref(kind), needs)

    def fill(self, buffer: c_void_p) -> None:
        size, place = c_size_t(), c_void_p()
        self.call("GetTensorBufferPackedSize", buffer, byref(size))
        self.call("LockTensorBuffer", buffer, byref(place), LITERT_WRITE)
        ctypes.memmove(place, noise(size.value // 4), size.value)
        self.call("UnlockTensorBuffer", buffer)


def litert_clock(path: Path, threads: int) -> Clock:
    """LiteRtRunCompiledModel on the CPU, with buffers that were made once."""
    litert = LiteRt(path, threads)
    given, result = litert.buffer("Input"), litert.buffer("Output")
    litert.fill(given)
    run = litert.library.LiteRtRunCompiledModel
    values = (litert.model, FIRST, ONE, byref(given), ONE, byref(result))

    def once() -> None:
        if run(*values):
            raise RuntimeError("LiteRtRunCompiledModel failed")

    return timed(once)


def timed(once: Callable[[], None]) -> Clock:
    def take(count: int) -> list[int]:
        taken = []
        for _ in range(count):
            started = perf_counter_ns()
            once()
            taken.append(perf_counter_ns() - started)
        return taken

    return take


def noise(size: int) -> bytes:
    return np.random.default_rng(0).random(size, dtype=np.float32).tobytes()


def wheel(module: str) -> Path:
    found = find_spec(module)
    assert found
    assert found.origin
    return Path(found.origin).parent


CLOCKS = {
    "onnxruntime": onnxruntime_clock,
    "onnxruntime-profiler": onnxruntime_profiler,
    "litert": litert_clock,
}

if __name__ == "__main__":
    clock = CLOCKS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    for line in sys.stdin:
        print(json.dumps(clock(int(line))), flush=True)
