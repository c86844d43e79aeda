#!/usr/bin/env bench-emulated-python
"""Stands in for LiteRT's benchmark_model on an emulated phone; it is pushed there as it is.

It loads the model with ai-edge-litert, runs it for real, and tells of it in the form of the real
tool: the text and the result file of tflite/tools/benchmark (LiteRT). BENCH_FAULTS holds what it
is to do wrong (devices/emulated/faults.py). A GPU it has none: what it says of a delegate is made
up, its times are those of this processor.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import statistics
import struct
import sys
import time
from pathlib import Path
from typing import Any

FAULTS = frozenset(os.environ.get("BENCH_FAULTS", "").split())
LITERT = "litert-form" in FAULTS
# Flags and their defaults; the type of the default is that of the value.
COMMON: dict[str, Any] = {
    "graph": "",
    "num_runs": 50,
    "min_secs": 1.0,
    "max_secs": 150.0,
    "run_frequency": -1.0,
    "num_threads": -1,
    "warmup_runs": 1,
    "warmup_min_secs": 0.5,
    "report_peak_memory_footprint": False,
    "require_full_delegation": False,
    "use_gpu": False,
    "result_file_path": "",
}
CLASSIC: dict[str, Any] = {
    "input_layer": "",
    "input_layer_shape": "",
    "input_layer_value_files": "",
    "output_filepath": "",
    "use_nnapi": False,
    "enable_op_profiling": False,
    "op_profiling_output_mode": "stdout",
    "op_profiling_output_file": "",
}
NEWER: dict[str, Any] = {"use_cpu": True, "use_npu": False, "use_profiler": False}
TAKEN_BY_GPU = 0.9


def log(text: str, level: str = "INFO") -> None:
    """One line in the form that this build has."""
    if "logcat" in FAULTS:
        line = f"11-25 20:15:02.123  4242  4242 {level[0]} tflite  : {text}"
    elif "new-log" in FAULTS:
        # absl's, as in LiteRT#2013.
        line = f"{level[0]}0000 00:00:1689520440.064678   15029 run_model.cc:150] {text}"
    elif "old-log" in FAULTS:
        line = text
    else:
        line = f"{level}: {text}"
    print(line, file=sys.stderr if LITERT or level == "ERROR" else sys.stdout, flush=True)


def parse(words: list[str]) -> dict[str, Any]:
    """The flags' values. One that cannot be read ends the program with the list of all."""
    flags = COMMON | (NEWER if LITERT else CLASSIC)
    if "unknown-flags" in FAULTS:
        del flags["num_threads"]
    unknown = []
    for word in words:
        name, _, text = word.removeprefix("--").partition("=")
        if name not in flags:
            unknown.append(word)
            continue
        kind = type(flags[name])
        try:
            flags[name] = text == "true" if kind is bool else kind(text)
        except ValueError:
            usage(flags, name)
    if unknown:
        log(f"Unconsumed cmdline flags: {' '.join(unknown)}", "WARN")
    return flags


def usage(flags: dict[str, Any], bad: str) -> None:
    kinds = {int: "int32", float: "float", bool: "bool", str: "string"}
    lines = [f"\t--{n}={v}\t{kinds[type(v)]}\toptional\t..." for n, v in flags.items()]
    log(f"Failed to parse flag '{bad}' against its type", "ERROR")
    log("\n".join(["usage: benchmark_model <flags>", "Flags:", *lines]), "ERROR")
    fail()


def fail() -> None:
    log("Benchmarking failed.", "ERROR")
    sys.exit(1)


class Model:
    """The loaded model with its inputs set."""

    def __init__(self, flags: dict[str, Any]) -> None:
        # Here, so that what runs no model starts at once.
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter

        path = flags["graph"]
        try:
            threads = flags["num_threads"]
            self.interpreter = Interpreter(
                model_path=path, num_threads=threads if threads > 0 else None
            )
        except ValueError as error:
            log(f"Failed to load model {path}: {error}", "ERROR")
            fail()
        log(f"Loaded model {path}")
        log("Created TensorFlow Lite XNNPACK delegate for CPU.")
        self.delegate(flags)
        files = dict(_pair(f) for f in flags.get("input_layer_value_files", "").split(",") if f)
        names = [name for name in flags.get("input_layer", "").split(",") if name]
        shapes = flags.get("input_layer_shape", "").split(":")
        # As the real tool does, by their order: a name that is not the file's is no more than told.
        for given, size in zip(self.interpreter.get_input_details(), shapes, strict=False):
            if size:
                sides = [int(side) for side in size.split(",")]
                self.interpreter.resize_tensor_input(given["index"], sides)
        self.interpreter.allocate_tensors()
        generator = np.random.default_rng()
        for place, given in enumerate(self.interpreter.get_input_details()):
            shape, kind = given["shape"], given["dtype"]
            file = files.get(names[place]) if place < len(names) else None
            if file is not None:
                value = np.fromfile(file, kind).reshape(shape)
            elif np.dtype(kind).kind == "f":
                value = generator.random(shape, dtype=np.float32).astype(kind)
            else:
                value = generator.integers(0, 127, shape).astype(kind)
            self.interpreter.set_tensor(given["index"], value)

    def delegate(self, flags: dict[str, Any]) -> None:
        """Say what a GPU would have taken."""
        if not flags["use_gpu"]:
            return
        nodes = len(self.interpreter._get_ops_details())
        name, kind = ("GPU", "LITERT_CL") if LITERT else ("GPU", "TfLiteGpuDelegateV2")
        if "no-gpu" in FAULTS:
            log("GPU acceleration is unsupported on this platform.", "ERROR")
            log(f"Failed to apply {name} delegate.", "ERROR")
            fail()
        part = "partial" in FAULTS
        if part and flags["require_full_delegation"]:
            log(
                "Failed to compile model." if LITERT else "Disallowed CPU fallback detected.",
                "ERROR",
            )
            fail()
        taken = int(nodes * TAKEN_BY_GPU) if part else nodes
        log(_replacing(taken, nodes, kind, 2 if part else 1))
        if LITERT:
            return
        how = "partially executed by the delegate w/ 2 delegate kernels."
        if not part:
            how = "completely executed by the delegate."
        log(f"Explicitly applied {name} delegate, and the model graph will be {how}")

    def run(self, runs: int, least_s: float, most_s: float, frequency: float) -> list[int]:
        """Durations in whole microseconds, as the real tool takes them."""
        log(
            f"Running benchmark for at least {runs} iterations and at least {least_s:g} seconds "
            f"but terminate if exceeding {most_s:g} seconds."
        )
        began = time.monotonic()
        due, taken = began, list[int]()
        while (len(taken) < runs or time.monotonic() < began + least_s) and (
            time.monotonic() <= began + most_s
        ):
            before = time.perf_counter_ns()
            if "wrong-mask" not in FAULTS:
                self.interpreter.invoke()
            taken.append(max(1, (time.perf_counter_ns() - before) // 1000))
            if frequency > 0:
                due += 1 / frequency
                time.sleep(max(0.0, due - time.monotonic()))
        log("done\n" if "no-statistics" in FAULTS else f"{statistics_text(taken)}\n")
        return taken

    def output(self) -> bytes:
        import numpy as np

        found = self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"])
        if "wrong-mask" in FAULTS:
            found = np.full_like(found, 0.9)
        if "not-finite" in FAULTS:
            found = np.full_like(found, np.nan)
        return bytes(found.tobytes())


def _pair(text: str) -> tuple[str, str]:
    """As the real tool does: at the last colon, and `\\:` in a name stands for one."""
    name, _, path = text.rpartition(":")
    return name.replace("\\:", ":"), path


def _replacing(taken: int, nodes: int, kind: str, partitions: int) -> str:
    return (
        f"Replacing {taken} out of {nodes} node(s) with delegate ({kind}) node, yielding "
        f"{partitions} partitions for subgraph 0 (main)."
    )


def percentile(values: list[int], share: int) -> int:
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


def statistics_text(values: list[int]) -> str:
    if not values:
        return "count=0"
    if len(values) == 1 or len(set(values)) == 1:
        text = f"count={len(values)} curr={values[-1]}" + " (all same)" * (len(values) > 1)
    else:
        text = (
            f"count={len(values)} first={values[0]} curr={values[-1]} min={min(values)} "
            f"max={max(values)} avg={statistics.fmean(values):g} "
            f"std={int(statistics.pstdev(values))}"
        )
    if "old-log" in FAULTS:
        return text
    shares = (percentile(values, share) for share in (5, 50, 95))
    return text + " p5={} median={} p95={}".format(*shares)


def result(init_us: int, warm: list[int], runs: list[int], flags: dict[str, Any]) -> bytes:
    """A BenchmarkResult of tflite/tools/benchmark/proto/benchmark_result.proto."""
    mean = statistics.fmean(runs) * (2 if "disagree" in FAULTS else 1)
    latencies = [mean, min(runs), max(runs), statistics.pstdev(runs)]
    latencies += [percentile(runs, share) for share in (50, 5, 95)]
    latencies += [init_us, warm[0] if warm else 0, statistics.fmean(warm) if warm else 0]
    latency = b"".join(_float(n + 1, value / 1000) for n, value in enumerate(latencies))
    memory = _integer(1, 20_000) + _integer(2, 30_000)
    if flags["report_peak_memory_footprint"]:
        memory += _float(3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    size_mb = Path(flags["graph"]).stat().st_size / 1e6
    misc = _float(1, size_mb) + _integer(2, len(runs)) + _integer(3, len(warm))
    parts = (_bytes(2, latency), _bytes(3, memory), _bytes(4, misc))
    return b"".join(parts)


def profile(model: Model, runs: list[int]) -> str:
    """The table of operators in CSV. The runtime does not tell their times to Python: the mean of
    an inference, which is real, is shared out by the sizes of their outputs, which is made up."""
    tensors = {one["index"]: one for one in model.interpreter.get_tensor_details()}
    every = model.interpreter._get_ops_details()
    operators = [one for one in every if one["op_name"] != "DELEGATE"]
    sizes = [math.prod(map(int, tensors[one["outputs"][0]]["shape"])) for one in operators]
    lines = [
        "Operator-wise Profiling Info for Regular Benchmark Runs:",
        f"{'=' * 30} Run Order {'=' * 30}",
        "node type, first, avg_ms, %, cdf%, mem KB, times called, name",
    ]
    done = 0.0
    for place, (one, size) in enumerate(zip(operators, sizes, strict=True)):
        share = size / sum(sizes)
        done += share
        ms = share * statistics.fmean(runs) / 1000
        name = f"[{tensors[one['outputs'][0]]['name']}]:{place}"
        times = f"{ms:g}, {ms:g}, {100 * share:g}%, {100 * done:g}%"
        lines.append(f"{one['op_name']}, {times}, 0, 1, {name}")
    return "\n".join([*lines, "", f"Number of nodes executed: {len(lines) - 3}", ""])


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def misbehave() -> None:
    """The faults that leave no result."""
    if "rejected" in FAULTS:
        log("Didn't find op for builtin opcode 'RESIZE_BILINEAR' version '4'.", "ERROR")
        log("Failed to initialize the interpreter", "ERROR")
        fail()
    while "silent" in FAULTS:
        time.sleep(1)
    while "chatty" in FAULTS:
        log("still at it " * 8)
    for fault, number in (("crash", signal.SIGSEGV), ("out-of-memory", signal.SIGKILL)):
        if fault in FAULTS:
            os.kill(os.getpid(), number)


def main(words: list[str]) -> None:
    if "wrong-abi" in FAULTS:
        print("benchmark_model: not executable: 64-bit ELF file", file=sys.stderr)
        sys.exit(126)
    log("STARTING!")
    flags = parse(words)
    log("Log parameter values verbosely: [0]")
    log(f"Min num runs: [{flags['num_runs']}]")
    log(f"Graph: [{flags['graph']}]")
    misbehave()
    began = time.perf_counter_ns()
    model = Model(flags)
    init_us = (time.perf_counter_ns() - began) // 1000
    size_mb = Path(flags["graph"]).stat().st_size / 1e6
    log(f"The input model file size (MB): {size_mb:g}")
    log(f"Initialized session in {init_us / 1e3:g}ms.")
    most_s = flags["max_secs"]
    warm = model.run(flags["warmup_runs"], flags["warmup_min_secs"], most_s, -1)
    runs = model.run(flags["num_runs"], flags["min_secs"], most_s, flags["run_frequency"])
    if "truncated" in FAULTS:
        Path(flags["result_file_path"]).write_bytes(result(init_us, warm, runs, flags)[:-9])
        return
    log(
        f"Inference timings in us: Init: {init_us}, First inference: {warm[0] if warm else 0}, "
        f"Warmup (avg): {statistics.fmean(warm or [0]):g}, "
        f"Inference (avg): {statistics.fmean(runs):g}"
    )
    if flags.get("op_profiling_output_file"):
        Path(flags["op_profiling_output_file"]).write_text(profile(model, runs))
    if flags.get("output_filepath"):
        Path(flags["output_filepath"]).write_bytes(model.output())
    if flags["result_file_path"] and "no-result" not in FAULTS:
        Path(flags["result_file_path"]).write_bytes(result(init_us, warm, runs, flags))


if __name__ == "__main__":
    main(sys.argv[1:])
