"""A device that plays recorded sessions: the public stand-in for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from devices.base import Device, OpenRun, Together
from devices.records import Burst, DeviceInfo, Loop, RawRun, Reading, RunRequest, Series, Turns
from zoo.base.errors import SessionFailed


class ReplayDevice(Device):
    """Gives the runs it was made with, one a session, in order; marked as emulated. It holds
    several files where some of these runs took turns."""

    def __init__(self, info: DeviceInfo, runs: Sequence[RawRun]) -> None:
        self._info = info.model_copy(update={"emulated": True})
        self.holds_several = any(run.series.bursts is not None for run in runs)
        self.left: Iterator[RawRun] = iter(runs)
        self.current: RawRun | None = None

    def info(self) -> DeviceInfo:
        return self._info

    def runtimes(self) -> Mapping[str, str | None]:
        return {"onnxruntime": None, "litert": None}

    def runtime_version(self, runtime: str) -> str:
        return self.current.runtime_version if self.current else "unknown"

    def conditions(self) -> dict[str, Reading]:
        """Of the run that is being played, as they were after it; before the first, none."""
        return dict(self.current.conditions_after) if self.current else {}

    def settle(self, limit_s: float) -> Reading:
        return Reading(value=None, reason="a recording has nothing to wait for")

    def open(self, request: RunRequest, artifact: Path) -> OpenRun:
        run = next(self.left, None)
        if run is None:
            raise SessionFailed("open", "the recording has ended")
        self.current = run
        return ReplayRun(run)

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> Together:
        return ReplayTogether([self._next(*one) for one in asked])

    def _next(self, request: RunRequest, artifact: Path) -> OpenRun | SessionFailed:
        try:
            return self.open(request, artifact)
        except SessionFailed as error:
            return error


class ReplayRun(OpenRun):
    """Plays one recorded run: whole where it has only reported statistics, else step by step."""

    def __init__(self, run: RawRun) -> None:
        self.load_ns = run.load_ns
        self.first_inference_ns = run.first_inference_ns
        self.shared_by, self.program_sha256 = run.shared_by, run.program_sha256
        self.fallback, self.settings = run.fallback, run.settings
        self.per_sample = run.inferences_a_sample
        self.recorded = run
        self.series = iter((*run.series.warmup_ns, *(run.series.samples_ns or ())))
        self.bursts = iter(run.series.bursts or ())

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        samples = [ns for _, ns in zip(range(count), self.series, strict=False)]
        if len(samples) < count:
            raise SessionFailed("sample", f"the recording holds {len(samples)} more, not {count}")
        return {"total": samples}

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        """As it was recorded, with the place that it had then."""
        played = next(self.bursts, None)
        if played is None:
            raise SessionFailed("burst", "the recording holds no more turns")
        return played

    def whole(self, loop: Loop) -> Series | None:
        series = self.recorded.series
        return series if series.samples_ns is None and series.bursts is None else None

    def memory(self) -> tuple[int | None, int | None]:
        return self.recorded.peak_memory_bytes, self.recorded.baseline_memory_bytes

    def check(self) -> None:
        """What was recorded was checked when it was measured."""

    def close(self) -> None:
        self.series, self.bursts = iter(()), iter(())


class ReplayTogether(Together):
    """The recorded runs of one pass."""

    def __init__(self, runs: Sequence[OpenRun | SessionFailed]) -> None:
        self.runs = runs

    def close(self) -> None:
        for run in self.runs:
            if isinstance(run, OpenRun):
                run.close()
