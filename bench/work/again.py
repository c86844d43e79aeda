"""The command that measures again as a stored session was measured."""

from __future__ import annotations

import re
from pathlib import Path

from bench.sessions.record import LOOPS
from bench.work.typed_inputs import ways_to_run, written_of
from devices.records import DeviceInfo, Loop, RunRequest, Turns

# As a phone's name ends where it was asked for.
_CORES = re.compile(r", cores (big|little|[0-9a-f]{1,16})(?:, fixed performance)?$")
_FIXED = ", fixed performance"


def run_command(
    request: RunRequest, device: DeviceInfo, loop: Loop, what: str, folder: Path | str
) -> str:
    """what: the file or `--model NAME`; folder: where values of files are kept. Which of several
    phones it was is not told: a session holds no serial number."""
    words = ["bench run", what, *_device_words(device), *ways_to_run(request), *_loop_words(loop)]
    if request.origin == "file":
        words += written_of(request, folder)
    return " ".join(words)


def _device_words(device: DeviceInfo) -> list[str]:
    words = [f"--device {device.kind}"]
    if device.kind == "android":
        if cores := _CORES.search(device.name):
            words.append(f"--cores {cores[1]}")
        if device.name.endswith(_FIXED):
            words.append("--fixed-performance")
    return words


def _loop_words(loop: Loop) -> list[str]:
    """What differs from the mode's defaults. A memory pass belongs to any run."""
    if loop.mode == "memory":
        return []
    if loop.turns:
        rounds = loop.turns.rounds
        return [] if rounds == Turns().rounds else [f"--rounds {rounds}"]
    usual = LOOPS[loop.mode]
    figures = {
        "period": (loop.period_ms, usual.period_ms),
        "duration": (loop.limit_s, usual.limit_s),
        "samples": (loop.max_samples, usual.max_samples),
        "warmup": (loop.max_warmup, usual.max_warmup),
    }
    words = [] if loop.mode == "burst" else [f"--mode {loop.mode}"]
    for name, (now, then) in figures.items():
        words += [] if now is None or now == then else [f"--{name} {now:.10g}"]
    frame = [f"--end-to-end {loop.frame[0]}x{loop.frame[1]}"] if loop.frame else []
    return words + frame
