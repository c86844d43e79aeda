"""How a loop and a request become flags of benchmark_model."""

from __future__ import annotations

from devices.android.run.program import Flags
from devices.records import Loop, RunRequest
from zoo.base.errors import DeviceError

# The published tool's own default; here also while memory is read.
WARM_UP_S = 0.5
WARM_UP_RUNS = 10
MEMORY_RUNS = 10
# What an inference may take without a session ending before its time, and a session at least.
SLOWEST_S, SHORTEST_S = 0.5, 5.0
ACCELERATORS = ("gpu", "npu")


def loop_flags(loop: Loop) -> list[str]:
    """Inferences go on until there are min_samples and limit_s has passed; the tool cannot stop
    by an interval. Raises DeviceError for a loop that it does not have."""
    if loop.frame is not None:
        raise DeviceError(
            "camera frames are timed on the host only",
            expected="a run without --end-to-end",
            code="unsupported",
        )
    if loop.mode == "memory":
        return [
            f"--num_runs={MEMORY_RUNS}",
            "--min_secs=0",
            "--warmup_runs=1",
            "--warmup_min_secs=0",
            "--report_peak_memory_footprint=true",
        ]
    runs = min(loop.min_samples, loop.max_samples)
    if loop.mode == "sustained":
        runs = 1
    warm_s = min(WARM_UP_S, loop.limit_s) if loop.max_warmup else 0.0
    flags = [
        f"--num_runs={runs}",
        f"--min_secs={loop.limit_s:g}",
        f"--max_secs={longest_s(loop):g}",
        f"--warmup_runs={max(1, min(WARM_UP_RUNS, loop.max_warmup))}",
        f"--warmup_min_secs={warm_s:g}",
    ]
    if loop.period_ms:
        flags.append(f"--run_frequency={1000 / loop.period_ms:g}")
    return flags


def longest_s(loop: Loop) -> float:
    """After so long the tool ends its sampling, however slow the model is."""
    if loop.mode == "memory":
        return (MEMORY_RUNS + 1) * SLOWEST_S
    each_s = max(SLOWEST_S, 2 * (loop.period_ms or 0) / 1000)
    return max(SHORTEST_S, 2 * loop.limit_s, loop.min_samples * each_s)


def accelerator_of(runtime: str) -> str | None:
    """`litert` is the CPU; `litert-gpu` and `litert-npu` name what they ask for."""
    return runtime.partition("-")[2] or None


def runtime_flags(request: RunRequest, known: Flags, full: bool) -> list[str]:
    """Threads and accelerator. full: the whole model on it, or failure."""
    accelerator = accelerator_of(request.runtime)
    flags = [f"--num_threads={request.threads}"]
    if accelerator is None:
        return flags
    flags.append("--use_gpu=true" if accelerator == "gpu" else "--use_nnapi=true")
    if full:
        flags.append("--require_full_delegation=true")
        if not known.classic:
            # The newer tool takes the CPU as well unless told not to, and then refuses.
            flags.append("--use_cpu=false")
    return flags


def why_not(runtime: str, known: Flags) -> str | None:
    """Why this build of benchmark_model cannot run it; None when it can."""
    accelerator = accelerator_of(runtime)
    if accelerator == "gpu" and not known.gpu:
        return "this benchmark_model has no GPU delegate"
    if accelerator == "npu" and not known.nnapi:
        return "this benchmark_model reaches an NPU only with its vendor's libraries"
    return None
