"""The runtimes' own clocks: a bare loop around the C function that runs a model, and nothing else.

    python -P native.py CLOCK PATH THREADS COUNT -> durations in ns, as a JSON list

It imports nothing of the zoo and neither runtime's Python engine: only the libraries that lie in
their wheels, by ctypes, and what onnxruntime's profiler says of itself.
"""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

WARMUP = 50

# Of onnxruntime_c_api.h: the oldest version whose table holds all of ORT's places, an OrtLogging
# level, and the places; functions are only ever added at the table's end.
ORT_API_VERSION = 12
ORT_ERROR = 3
ORT = {
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
FLOAT = 1  # in both runtimes' enumerations of element types


class OrtApiBase(ctypes.Structure):
    _fields_ = (("GetApi", ctypes.CFUNCTYPE(POINTER(c_void_p), c_uint32)), ("Version", c_void_p))


class RankedTensorType(ctypes.Structure):
    """LiteRtRankedTensorType. rank: seven bits, above them whether there are strides."""

    _fields_ = (
        ("element_type", c_int),
        ("rank", c_uint32, 7),
        ("has_strides", c_uint32, 1),
        ("dimensions", ctypes.c_int32 * 8),
        ("strides", c_uint32 * 8),
    )


class Ort:
    """onnxruntime's C functions by name; each raises what its status says."""

    def __init__(self) -> None:
        (library,) = wheel("onnxruntime").glob("capi/libonnxruntime.*[0-9]*")
        entry = ctypes.CDLL(str(library)).OrtGetApiBase
        entry.restype = POINTER(OrtApiBase)
        self.table = entry().contents.GetApi(ORT_API_VERSION)

    def function(self, name: str) -> Callable[..., int | None]:
        # Every argument is a pointer, or an integer that is passed as one.
        function: Callable[..., int | None] = ctypes.CFUNCTYPE(c_void_p)(self.table[ORT[name]])
        return function

    def __call__(self, name: str, *values: Any) -> None:
        status = self.function(name)(*values)
        if status:
            tell = ctypes.CFUNCTYPE(c_char_p, c_void_p)(self.table[ORT["GetErrorMessage"]])
            raise RuntimeError(f"{name}: {tell(status).decode()}")

    def made(self, name: str, *values: Any) -> c_void_p:
        """What a function gives by its last argument."""
        place = c_void_p()
        self(name, *values, byref(place))
        return place


def onnxruntime_clock(path: Path, threads: int, count: int) -> list[int]:
    """OrtApi::Run with inputs and outputs that were made once."""
    ort = Ort()
    options = ort.made("CreateSessionOptions")
    ort("SetIntraOpNumThreads", options, threads)
    ort("SetInterOpNumThreads", options, 1)
    environment = ort.made("CreateEnv", ORT_ERROR, b"native")
    session = ort.made("CreateSession", environment, bytes(path), options)
    allocator = ort.made("GetAllocatorWithDefaultOptions")
    names, values = [], []
    for side in ("Input", "Output"):
        names.append(ort.made(f"SessionGet{side}Name", session, c_size_t(0), allocator))
        info = ort.made(f"SessionGet{side}TypeInfo", session, c_size_t(0))
        values.append(_ort_tensor(ort, ort.made("CastTypeInfoToTensorInfo", info), allocator))
    (given, size), (result, _) = values
    ctypes.memmove(ort.made("GetTensorMutableData", given), noise(size), size * 4)
    run, one = ort.function("Run"), c_size_t(1)
    inputs, outputs = byref(given), byref(result)
    first, last = byref(names[0]), byref(names[1])

    def once() -> None:
        if run(session, None, first, inputs, one, last, one, outputs):
            raise RuntimeError("onnxruntime failed")

    return durations(once, count)


def _ort_tensor(ort: Ort, info: c_void_p, allocator: c_void_p) -> tuple[c_void_p, int]:
    rank = c_size_t()
    ort("GetDimensionsCount", info, byref(rank))
    shape = (c_int64 * rank.value)()
    ort("GetDimensions", info, shape, rank)
    tensor = ort.made("CreateTensorAsOrtValue", allocator, shape, rank, FLOAT)
    return tensor, int(np.prod(shape))


def onnxruntime_profiler(path: Path, threads: int, count: int) -> list[int]:
    """`model_run` of the profiler, which times and notes every node besides."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "run")
        session = onnxruntime.InferenceSession(str(path), options)
        (given,) = session.get_inputs()
        values = {given.name: np.random.default_rng(0).random(given.shape, dtype=np.float32)}
        for _ in range(WARMUP + count):
            session.run(None, values)
        events = json.loads(Path(session.end_profiling()).read_text())
    return [event["dur"] * 1000 for event in events if event["name"] == "model_run"][WARMUP:]


def litert_clock(path: Path, threads: int, count: int) -> list[int]:
    """LiteRtRunCompiledModel on the CPU, with buffers that were made once."""
    library = ctypes.CDLL(str(wheel("ai_edge_litert") / "libLiteRt.so"))
    cpu, first, one = 1, c_size_t(0), c_size_t(1)

    def call(name: str, *values: Any) -> None:
        if status := library[f"LiteRt{name}"](*values):
            raise RuntimeError(f"LiteRt{name}: status {status}")

    def made(name: str, *values: Any) -> c_void_p:
        place = c_void_p()
        call(name, *values, byref(place))
        return place

    environment = made("CreateEnvironment", 0, None)
    file = made("CreateModelFromFile", environment, bytes(path))
    options = made("CreateOptions")
    call("SetOptionsHardwareAccelerators", options, cpu)
    # The library reads these as TOML when it compiles; nobody is to free a literal.
    keep = ctypes.CFUNCTYPE(None, c_void_p)(lambda _: None)
    toml = c_char_p(f"num_threads = {threads}\n".encode())
    call("AddOpaqueOptions", options, made("CreateOpaqueOptions", b"xnnpack", toml, keep))
    model = made("CreateCompiledModel", environment, file, options)
    signature = made("GetModelSignature", file, first)
    buffers = []
    for side in ("Input", "Output"):
        tensor = made(f"GetSignature{side}TensorByIndex", signature, first)
        kind = RankedTensorType()
        call("GetRankedTensorType", tensor, byref(kind))
        needs = made(f"GetCompiledModel{side}BufferRequirements", model, first, first)
        buffers.append(
            made("CreateManagedTensorBufferFromRequirements", environment, byref(kind), needs)
        )
    write = 1
    size = c_size_t()
    call("GetTensorBufferPackedSize", buffers[0], byref(size))
    place = c_void_p()
    call("LockTensorBuffer", buffers[0], byref(place), write)
    ctypes.memmove(place, noise(size.value // 4), size.value)
    call("UnlockTensorBuffer", buffers[0])
    run, inputs, outputs = library.LiteRtRunCompiledModel, byref(buffers[0]), byref(buffers[1])

    def once() -> None:
        if run(model, first, one, inputs, one, outputs):
            raise RuntimeError("LiteRT failed")

    return durations(once, count)


def durations(once: Callable[[], None], count: int) -> list[int]:
    for _ in range(WARMUP):
        once()
    taken = []
    for _ in range(count):
        started = perf_counter_ns()
        once()
        taken.append(perf_counter_ns() - started)
    return taken


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
    clock, path, threads, count = sys.argv[1:]
    print(json.dumps(CLOCKS[clock](Path(path), int(threads), int(count))))
