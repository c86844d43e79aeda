"""Recorded sessions, played by the public replay device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commands import TINY

from bench.protocol import Work, measure
from bench.record import Plan, Session
from devices.base import DeviceInfo, Loop, RawRun, RunRequest, Series
from devices.replay import ReplayDevice

INFO = DeviceInfo(kind="host", name="a phone", os="1", cpu="c", cores=8, memory_bytes=1)
LOOP = Loop(max_warmup=20, min_samples=30, max_samples=30)
PLAN = Plan(sessions=2, max_sessions=2, loop=LOOP)


def request(model: str = TINY, runtime: str = "onnxruntime") -> RunRequest:
    return RunRequest(
        model=model,
        size=128,
        format="onnx",
        precision="fp32",
        artifact_sha256="0" * 64,
        runtime=runtime,
        threads=1,
    )


def recorded(p50_ms: float, samples: int = 30) -> RawRun:
    """Twenty inferences of warm-up and the samples, all within half a percent."""
    wave = [int(p50_ms * 1e6 * (1 + 0.001 * (i % 5))) for i in range(samples + 20)]
    return RawRun(
        load_ns=(9_000_000, 5_000_000),
        first_inference_ns=8_000_000,
        series=Series(
            warmup_ns=tuple(wave[:20]),
            settled=True,
            samples_ns=tuple(wave[20:]),
            stopped_by="count",
        ),
        peak_memory_bytes=70_000_000,
        baseline_memory_bytes=50_000_000,
        runtime_version="1.0",
        conditions_before={},
        conditions_after={},
    )


def replayed(
    runs: Sequence[RawRun], work: Sequence[Work] | None = None, plan: Plan = PLAN
) -> list[Session]:
    """The sessions of a recording; before its runs, the memory pass of each piece of work."""
    work = work or [Work(request=request(), artifact=Path("any"))]
    return list(measure(ReplayDevice(INFO, [*[recorded(1.0)] * len(work), *runs]), work, plan))


def sessions(count: int = 2) -> list[Session]:
    """Timed ones of one artifact."""
    plan = PLAN.model_copy(update={"sessions": count, "max_sessions": count})
    return replayed([recorded(5.0 + i) for i in range(count)], plan=plan)[1:]


def paired_work(count: int) -> list[Work]:
    """The first is the reference of the others."""
    return [
        Work(
            request=request(f"m{i}"),
            artifact=Path(f"{i}"),
            reference=request("m0") if i else None,
        )
        for i in range(count)
    ]
