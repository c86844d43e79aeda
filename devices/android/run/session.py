"""One session on a phone: one run of benchmark_model; once a file, a check of what it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from devices import masks
from devices.android.adb.client import LOST, Adb
from devices.android.adb.phone import Phone
from devices.android.adb.storage import Storage
from devices.android.run.flags import accelerator_of, longest_s, loop_flags, runtime_flags
from devices.android.run.inputs import Inputs
from devices.android.run.job import MASK, PROFILE, RESULT, Done, run_job
from devices.android.run.outcome import Outcome, asks_for_less, failed, judge
from devices.android.run.profile import FLAGS as PROFILE_FLAGS
from devices.android.run.profile import Operator, parse_profile
from devices.android.run.program import Flags, Program
from devices.base import OpenRun
from devices.records import Loop, Reading, RunRequest, Series
from zoo.base.errors import DeviceError, SessionFailed

# Of a session alone: the next may go well. Other problems are the phone's, and end the run.
OF_SESSION = ("timeout", "stale_result", "push_corrupt")
# The program's own limit for one inference each of a few inputs.
CHECK_S = 60.0
INPUT = "image"
Found = TypeVar("Found")


@dataclass(kw_only=True)
class Checked:
    """What is known of requests to one phone: how far their masks are from torch's, or that they
    are wrong; and which models the accelerator takes in part only."""

    masks: dict[RunRequest, Reading | SessionFailed] = field(default_factory=dict)
    partial: set[RunRequest] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A phone that is ready, as a session needs it.

    cores: as in the device's options. note: is told what the phone said of its conditions.
    recover: whether the phone came back after it was lost.
    """

    adb: Adb
    phone: Phone
    storage: Storage
    program: Program
    flags: Flags
    cores: str | None
    expect: masks.Expect
    deadline_s: float
    checked: Checked
    note: Callable[[dict[str, Reading]], object]
    recover: Callable[[], bool]


class AndroidRun(OpenRun):
    """The program loads, warms up and measures in one go, when `whole` is called."""

    def __init__(self, held: Held, request: RunRequest, artifact: Path) -> None:
        self.held, self.request, self.artifact = held, request, artifact
        self.load_ns: tuple[int, ...] = ()
        self.first_inference_ns: int | None = None
        self.program_sha256 = held.program.sha256
        self.peak_bytes: int | None = None
        self.inputs = Inputs(request)
        self.readings = {masks.NAME: self._checked()}

    def whole(self, loop: Loop) -> Series:
        """Raises SessionFailed; DeviceError where no further session would go better."""
        flags, longest = loop_flags(loop), longest_s(loop)
        outcome, done = self._patiently(lambda: self._judged(lambda: flags, (RESULT,), longest))
        known, peak_mb = outcome.result.latencies_ms, outcome.result.peak_mb
        self.load_ns = (max(1, round(known["init_ms"] * 1e6)),)
        self.first_inference_ns = round(known["first_ms"] * 1e6) or None
        self.fallback, self.conditions_during = outcome.fallback, done.watched
        self.peak_bytes = round(peak_mb * 2**20) if peak_mb else None
        return outcome.series(loop)

    def profile(self) -> tuple[Operator, ...]:
        """Times by operator, in a pass of its own. Raises as `whole` does."""
        if not self.held.flags.classic:
            raise DeviceError(
                "this benchmark_model gives no times by operator",
                code="unsupported",
                expected="the interpreter's benchmark_model",
                remedy="--benchmark-model PATH; docs/android.md says how to build it",
            )
        flags = [*PROFILE_FLAGS, f"--op_profiling_output_file={{folder}}/{PROFILE}"]
        given = (RESULT, PROFILE)
        _, done = self._patiently(lambda: self._judged(lambda: flags, given, CHECK_S))
        try:
            text = done.files.get(PROFILE, b"").decode("utf-8", errors="replace")
            return parse_profile(text)
        except ValueError as error:
            raise failed(done, "parse_error", f"the profile cannot be read: {error}") from error

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        raise SessionFailed("sample", "the loop is benchmark_model's own")

    def memory(self) -> tuple[int | None, int | None]:
        return self.peak_bytes, None

    def check(self) -> None:
        """Done once a file, when it is opened."""

    def close(self) -> None:
        """What ran on the phone has ended by now, well or not."""
        self.inputs.close()

    def _checked(self) -> Reading:
        """What the check of this file on this phone found. Raises SessionFailed each time where its
        masks are wrong."""
        known = self.held.checked.masks
        if self.request not in known:
            try:
                known[self.request] = self._check()
            except SessionFailed as error:
                if error.code != "wrong_mask":
                    raise
                known[self.request] = error
        found = known[self.request]
        if isinstance(found, SessionFailed):
            raise found
        return found

    def _check(self) -> Reading:
        if self.request.size is None:
            return Reading(value=None, reason="a file of one's own, with no network to compare")
        if not self.held.flags.classic:
            return Reading(value=None, reason="this benchmark_model cannot give its output")
        expected = self.held.expect(self.request.model)
        if isinstance(expected, str):
            return Reading(value=None, reason=expected)
        return masks.compare(expected, lambda path: self._patiently(lambda: self._infer(path)))

    def _infer(self, path: Path) -> bytes:
        """The mask of the input in this file, by the very program and flags that are timed."""
        size = self.request.size

        def flags() -> list[str]:
            return [
                "--num_runs=1",
                "--min_secs=0",
                "--warmup_runs=1",
                "--warmup_min_secs=0",
                f"--input_layer={INPUT}",
                f"--input_layer_shape=1,{size},{size},3",
                f"--input_layer_value_files={INPUT}:{self.held.storage.put(path)}",
                f"--output_filepath={{folder}}/{MASK}",
            ]

        _, done = self._judged(flags, (RESULT, MASK), CHECK_S)
        return done.files.get(MASK, b"")

    def _judged(
        self, flags: Callable[[], list[str]], files: tuple[str, ...], longest: float
    ) -> tuple[Outcome, Done]:
        """A good run: the accelerator takes the model whole, or, where it does not, in part. flags:
        called when they are needed, for they may put files on the phone."""
        asked, partial = self.request, self.held.checked.partial
        if accelerator_of(asked.runtime) and asked not in partial:
            try:
                return self._run(flags, files, longest, full=True)
            except SessionFailed as error:
                if not asks_for_less(error):
                    raise
                partial.add(asked)
        return self._run(flags, files, longest, full=False)

    def _run(
        self, flags: Callable[[], list[str]], files: tuple[str, ...], longest: float, full: bool
    ) -> tuple[Outcome, Done]:
        held = self.held
        # Asked for each time: files of ours may have been removed to make room.
        words = held.storage.holding(lambda: [*self._words(full), *flags()])
        cores = held.cores
        mask = held.phone.core_mask(cores, self.request.threads) if cores else None
        limit_s = longest + held.deadline_s
        done = run_job(held.adb, words, files=files, limit_s=limit_s, cores=mask)
        if done.after is not None:
            held.note(done.after)
        if done.over_limit:
            raise failed(done, "timeout", f"benchmark_model did not end within {limit_s:.3g} s")
        return judge(done, full if accelerator_of(self.request.runtime) else None), done

    def _words(self, full: bool) -> list[str]:
        """The program, the model and its inputs, all on the phone."""
        held = self.held
        graph = held.storage.put(self.artifact)
        return [
            held.storage.put(held.program.path, executable=True),
            f"--graph={graph}",
            f"--result_file_path={{folder}}/{RESULT}",
            *runtime_flags(self.request, held.flags, full),
            *self.inputs.flags(held.storage),
        ]

    def _patiently(self, work: Callable[[], Found]) -> Found:
        """Do it; once more if the phone was lost and came back. Raises SessionFailed for what
        concerns this session alone, DeviceError for the rest."""
        try:
            try:
                return work()
            except DeviceError as error:
                if error.code not in LOST or not self.held.recover():
                    raise
                return work()
        except SessionFailed:
            raise
        except DeviceError as error:
            if error.code not in (*LOST, *OF_SESSION):
                raise
            code = "lost_mid_run" if error.code in LOST else error.code
            raise SessionFailed(
                "run", error.seen, expected=error.expected, remedy=error.remedy, code=code
            ) from error
