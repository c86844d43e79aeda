"""This machine: its files are held by child processes, spoken to through host_process.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from pathlib import Path

from devices.base import Device, OpenRun, Together
from devices.host.conditions import host_conditions, host_info, wait_for_quiet
from devices.host.process import HostProcess
from devices.records import INFINITE_VALUES, Burst, DeviceInfo, Loop, Reading, RunRequest, Turns
from zoo.base.errors import PassBroken, SessionFailed
from zoo.base.lock import timing
from zoo.home import Home
from zoo.runtime.runtime import RUNTIMES, version, why_not

DEADLINE_S = 120.0


class HostDevice(Device):
    """The machine this runs on, measured for one command at a time. deadline_s: what loading, or
    sampling beyond its own length, may take. worker: the module that is run as the child process.
    """

    holds_several = True
    signatures = True

    def __init__(self, deadline_s: float = DEADLINE_S, worker: str = "devices.host.worker") -> None:
        self.deadline_s = deadline_s
        self.worker = worker
        self.began = False
        self.held = ExitStack()

    def info(self) -> DeviceInfo:
        return host_info()

    def runtimes(self) -> Mapping[str, str | None]:
        return {name: why_not(name) for name, runtime in RUNTIMES.items() if runtime.timed}

    def runtime_version(self, runtime: str) -> str:
        return version(runtime)

    def conditions(self) -> dict[str, Reading]:
        return host_conditions()

    def begin(self) -> None:
        """Hold this machine's cores until it is closed. Raises FolderBusy where another command
        measures them, from whatever home."""
        if not self.began:
            self.held.enter_context(timing(self.info().kind, "this machine"))
            self.began = True

    def settle(self, limit_s: float) -> Reading:
        self.begin()
        return wait_for_quiet(limit_s)

    def open(self, request: RunRequest, artifact: Path) -> HostRun:
        return HostRun.alone(self.process(), request, artifact)

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> HostTogether:
        """One process for all that run in one thread; one each for the others, whose pools of
        threads would mix, and for those apart."""
        return HostTogether(self, asked, apart)

    def process(self) -> HostProcess:
        self.begin()
        return HostProcess(self.worker, self.deadline_s)

    def close(self) -> None:
        self.began = False
        self.held.close()


class HostRun(OpenRun):
    """A file that is open in a process, its own or one that it shares."""

    def __init__(self, process: HostProcess, file: int, request: RunRequest, path: Path) -> None:
        self.process, self.file, self.request = process, file, request
        self.own_process = self.stands_still = False
        opened = process.ask(
            "open",
            file=file,
            # Not resolved: what belongs to it lies beside its name, which may be a link.
            path=str(path.absolute()),
            runtime=request.runtime,
            threads=request.threads,
            size=request.size,
            seed=request.input_seed,
            inputs=[asdict(feed) for feed in request.inputs],
            signature=request.signature,
            values=str(Home.default().inputs),
        )
        self.load_ns = tuple(opened["load_ns"])
        self.first_inference_ns: int = opened["first_inference_ns"]
        self.settings: str | None = opened["settings"]

    @classmethod
    def alone(cls, process: HostProcess, request: RunRequest, path: Path) -> HostRun:
        """In a process that ends with it."""
        try:
            run = cls(process, 0, request, path)
        except BaseException:
            process.close()
            raise
        run.own_process = True
        return run

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        if not self.process.alive:
            raise PassBroken("burst", "the process that it shared was ended by another file")
        with self.process.awake() if self.stands_still else nullcontext():
            taken = self.process.ask("burst", file=self.file, turns=turns.model_dump())
        return Burst(round=round, position=position, **taken)

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        slowest_s = 10 * self.first_inference_ns / 1e9 + (loop.period_ms or 0) / 1e3
        answer = self.process.ask(
            "sample",
            own_length_s=count * slowest_s,
            file=self.file,
            count=count,
            period_ms=loop.period_ms,
            frame=loop.frame,
        )
        durations: dict[str, list[int]] = answer["durations"]
        return durations

    def memory(self) -> tuple[int | None, int | None]:
        answer = self.process.ask("memory")
        return answer["peak_bytes"], answer["baseline_bytes"]

    def check(self) -> None:
        """Of a process that another file ended, nothing more is asked: the first output of each was
        looked at when it was opened."""
        if not self.process.alive:
            return
        with self.process.awake() if self.stands_still else nullcontext():
            infinite = self.process.ask("check", file=self.file)["infinite"]
        if infinite:
            self.readings = {INFINITE_VALUES: Reading(value=infinite)}

    def close(self) -> None:
        if self.own_process:
            self.process.close()


class HostTogether(Together):
    """The files of a pass. What ends the shared process while it is opened fails alone: the others
    are opened again, without it."""

    def __init__(
        self,
        device: HostDevice,
        asked: Sequence[tuple[RunRequest, Path]],
        apart: Collection[RunRequest],
    ) -> None:
        self.device = device
        self.shared: HostProcess | None = None
        found: dict[int, OpenRun | SessionFailed] = {}
        alone = {i for i, (one, _) in enumerate(asked) if one.threads > 1 or one in apart}
        try:
            for place in sorted(alone):
                found[place] = self._alone(*asked[place])
            sharing = {i: one for i, one in enumerate(asked) if i not in alone}
            found |= self._sharing(sharing)
        except BaseException:
            self.runs = list(found.values())
            self.close()
            raise
        self.runs = [found[place] for place in range(len(asked))]

    def _alone(self, request: RunRequest, path: Path) -> HostRun | SessionFailed:
        try:
            run = HostRun.alone(self.device.process(), request, path)
        except SessionFailed as error:
            return error
        if request.threads > 1:
            run.stands_still = True
            run.process.stand_still()
        return run

    def _sharing(
        self, asked: Mapping[int, tuple[RunRequest, Path]]
    ) -> dict[int, HostRun | SessionFailed]:
        failed: dict[int, HostRun | SessionFailed] = {}
        while left := [place for place in asked if place not in failed]:
            self.shared, opened = self.device.process(), {}
            for place in left:
                try:
                    opened[place] = HostRun(self.shared, place, *asked[place])
                except SessionFailed as error:
                    failed[place] = error
                    if not self.shared.alive:
                        self.shared.close()
                        break
            else:
                for run in opened.values():
                    run.shared_by = len(opened) if len(opened) > 1 else None
                return failed | opened
        return failed

    def close(self) -> None:
        for run in self.runs:
            if isinstance(run, OpenRun):
                run.close()
        if self.shared is not None:
            self.shared.close()
