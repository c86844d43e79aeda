"""What a run of benchmark_model came to: the file it wrote and what it printed, held together."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from devices.android.run.job import RESULT, Done
from devices.android.run.output import Output, parse_output
from devices.android.run.program import failure_to_start
from devices.android.run.result import Result, parse_result
from devices.records import Loop, Series
from zoo.base.errors import SessionFailed

# The file holds floats of 32 bits, the text six digits of microseconds.
AGREE = 0.001
WHY_NO_SAMPLES = "benchmark_model keeps its samples and gives statistics"
_REJECTED = re.compile(
    r"Didn't find op|Failed to allocate|Failed to initialize the interp|Failed to (?:load|compile)"
)
_FALLBACK = re.compile(r"Disallowed CPU fallback|Failed to apply|GPU acceleration is unsupported")
_ADVICE = {
    "wrong_abi": "--benchmark-model PATH to one for this phone; bench devices tells its kind",
    "out_of_memory": "close other apps on the phone, or take a smaller model",
    "timeout": "--deadline SECONDS waits longer",
    "partial_accel": "--runtime litert measures it on the CPU",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A good run. fallback: what the accelerator left to the CPU, in words; None where nothing."""

    result: Result
    fallback: str | None

    def series(self, loop: Loop) -> Series:
        """For the record: the tool's statistics, for its samples it keeps."""
        known = self.result.latencies_ms
        names = ("p50_ms", "p5_ms", "p95_ms", "mean_ms", "min_ms", "max_ms", "stddev_ms")
        reported = {name: known[name] for name in (*names, "warmup_mean_ms")}
        reported |= {"runs": self.result.runs, "warmup_runs": self.result.warmup_runs}
        return Series(
            warmup_ns=(),
            settled=None,
            samples_ns=None,
            samples_reason="a memory pass is not timed"
            if loop.mode == "memory"
            else WHY_NO_SAMPLES,
            reported=None if loop.mode == "memory" else reported,
            stopped_by="program",
        )


def judge(done: Done, whole: bool | None = None) -> Outcome:
    """The outcome of a job that came to its end. whole: whether an accelerator had to take all of
    the model; None where none was asked for. Raises SessionFailed with the code of what went wrong
    and the end of the log."""
    output = parse_output(done.log)
    unknown = [line for line in output.failures if line.startswith("Unconsumed cmdline flags")]
    if unknown:
        # A flag that is passed over measures something else than was asked for.
        raise failed(done, "parse_error", f"benchmark_model does not know all flags: {unknown[0]}")
    if done.status != 0:
        raise _ended_badly(done, output)
    try:
        result = parse_result(done.files.get(RESULT, b""))
    except ValueError as error:
        raise failed(done, "parse_error", f"the result file is not whole: {error}") from error
    _agree(done, output, result)
    return Outcome(result=result, fallback=None if whole is None else _fallback(output, whole))


def failed(done: Done, code: str, seen: str) -> SessionFailed:
    """The failure of a job, with the end of its log."""
    remedy = _ADVICE.get(code, "the log stands in the session: bench show ID")
    return SessionFailed("run", seen, code=code, remedy=remedy, log=done.end_of_log)


def asks_for_less(error: SessionFailed) -> bool:
    """Whether an accelerator may have refused the model as a whole, so that a part may still go.
    The newer tool says of that no more than that the model does not compile."""
    return error.code in ("partial_accel", "model_rejected")


def _ended_badly(done: Done, output: Output) -> SessionFailed:
    told = next(iter(output.failures), None)
    if failure_to_start(done.status, done.log):
        seen = f"the phone cannot run benchmark_model: {done.log.strip()[-160:]}"
        return failed(done, "wrong_abi", seen)
    if told and _FALLBACK.search(told):
        return failed(done, "partial_accel", told)
    if told and _REJECTED.search(told):
        return failed(done, "model_rejected", told)
    if done.over_limit:
        return failed(done, "timeout", "benchmark_model did not end in time and was killed")
    number = done.status - 128
    if 0 < number < 65:
        if number == signal.SIGKILL:
            seen = "the phone killed benchmark_model (SIGKILL): out of memory, most likely"
            return failed(done, "out_of_memory", seen)
        names = {member.value: member.name for member in signal.Signals}
        return failed(done, "crashed", f"benchmark_model died by {names.get(number, number)}")
    seen = told or f"benchmark_model ended with status {done.status}"
    return failed(done, "crashed", seen)


def _agree(done: Done, output: Output, result: Result) -> None:
    """Raise unless the result file holds a run that can be, and the text, as far as it can be
    read, tells of the same one."""
    known = result.latencies_ms
    if not result.runs:
        raise failed(done, "parse_error", "the result file holds no run")
    if not known["min_ms"] <= known["p50_ms"] <= known["max_ms"] or known["p50_ms"] <= 0:
        raise failed(done, "parse_error", "the median lies outside of what was measured")
    if not (1 - AGREE) * known["min_ms"] <= known["mean_ms"] <= (1 + AGREE) * known["max_ms"]:
        raise failed(done, "parse_error", "the mean lies outside of what was measured")
    measured = output.measured
    if measured is None:
        return
    mean_ms = known["mean_ms"] if measured.mean_us is None else measured.mean_us / 1000
    same = abs(mean_ms - known["mean_ms"]) <= AGREE * mean_ms + 0.001
    if result.runs != measured.count or not same:
        raise failed(
            done,
            "parse_error",
            f"text and result file disagree: {measured.count} runs of {mean_ms:g} ms, and "
            f"{result.runs} of {known['mean_ms']:g} ms",
        )


def _fallback(output: Output, whole: bool) -> str | None:
    """What the CPU had to take over, by the line with the most nodes taken. Where the accelerator
    was free to leave some, and nothing tells how much it took, it is not called whole."""
    if not output.delegated:
        if output.accelerated == "none":
            return "all nodes on the CPU"
        whole = output.accelerated == "whole" or (whole and output.accelerated is None)
        return None if whole else "an unknown part on the CPU"
    most = max(output.delegated, key=lambda one: one.taken)
    left = most.nodes - most.taken
    return f"{left} of {most.nodes} nodes on the CPU" if left else None
