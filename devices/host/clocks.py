"""What this system tells of a process beside the wall clock: its time, read within a microsecond;
its memory and the machine's steal time and pressure, read from files within some twenty.

Linux has all of it. macOS has the thread's CPU clock, by its documentation: this project never ran
there. It counts switches of the whole process alone, in which a thread that waits counts as one
that was interrupted: they are not used.
"""

from __future__ import annotations

import os
import re
import resource
import time
from pathlib import Path

thread_cpu_ns = time.thread_time_ns
process_cpu_ns = time.process_time_ns
# A tick must be small beside the quickest inference.
FINE_CPU = time.get_clock_info("thread_time").resolution <= 1e-5
# Where the system tells the calling thread apart (Linux, FreeBSD).
_THREAD: int | None = getattr(resource, "RUSAGE_THREAD", None)

_STAT = Path("/proc/stat")
_STATUS = Path("/proc/self/status")
_PRESSURE = Path("/proc/pressure/cpu")
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def switches(of_process: bool) -> int | None:
    """Involuntary context switches so far, how often the core was taken away: of the process's
    threads together, else of the calling thread; None where they are not told apart from waits."""
    if _THREAD is None:
        return None
    return resource.getrusage(resource.RUSAGE_SELF if of_process else _THREAD).ru_nivcsw


def peak_bytes() -> int:
    """The most memory that this program held at a time. Linux' ru_maxrss is no answer: it keeps the
    peak of the parent that started it."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    # What is left is macOS, which counts in bytes.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found[1]) * 1024 if found else own


def steal_ms() -> float | None:
    """Time that a hypervisor gave to others, of all cores together; None where it is not told."""
    try:
        fields = _STAT.read_text().split("\n", 1)[0].split()
        return int(fields[8]) * _TICK_MS
    except (OSError, IndexError, ValueError):
        return None


def pressure_ms() -> float | None:
    """Time in which something ready to run had to wait (pressure stall information of Linux)."""
    try:
        found = re.match(r"some .*total=(\d+)", _PRESSURE.read_text())
        return int(found[1]) / 1e3 if found else None
    except OSError:
        return None


def since(before: float | None, after: float | None) -> float | None:
    """How much a reading grew; None where either is unknown."""
    return None if before is None or after is None else max(0.0, after - before)
