"""A million stored sessions of 200 devices: the time and the memory that their report takes.

python -m pytest tests/benchmarks/test_many_sessions.py -s
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import made
import psutil
from self_figures import Figure

from zoo.home import Home

SESSIONS = 1_000_000
PRECISIONS = ("fp32", "fp16", "int8")
DEVICES = [
    made.device(f"device {number:03d}", emulated=number > 1, unit=f"{number:08x}")
    for number in range(200)
]

# In a process of its own, so that its memory is its own.
REPORT = """
import sys
from pathlib import Path
import made
from reports.write import write_report
from zoo.home import Home

if __name__ == "__main__":
    root = Path(sys.argv[1])
    write_report(root / "out", made.report(Home(root=root)))
"""


def test_a_million_sessions(tmp_path: Path, figure: Figure) -> None:
    files = len(made.SPECS) * len(PRECISIONS) * len(DEVICES)
    rounds = -(-SESSIONS // files // made.ROUNDS_MADE) * made.ROUNDS_MADE
    made.store_many(Home(root=tmp_path), DEVICES, PRECISIONS, rounds)
    count = sum(1 for _ in (tmp_path / "results").glob("*/*.json"))
    assert count >= SESSIONS
    first_s, first_peak = _reported(tmp_path)
    again_s, again_peak = _reported(tmp_path)
    page = (tmp_path / "out" / "index.html").stat().st_size
    told = f"report of {count} sessions of {len(DEVICES)} devices"
    figure(f"{told}, the index made anew: time", first_s, "s")
    figure(f"{told}, the index made anew: peak of memory", first_peak / 1e9, "GB")
    figure(f"{told}: time", again_s, "s", at_most=60)
    figure(f"{told}: peak of memory", again_peak / 1e9, "GB", at_most=2)
    figure(f"{told}: page", page / 1e6, "MB", at_most=5)


def _reported(root: Path) -> tuple[float, float]:
    """How long the report took, in s, and its peak of memory, in bytes."""
    script = root / "report.py"
    script.write_text(REPORT)
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, script, root], env=_environment())
    peak = _peak_bytes(process)
    took = time.monotonic() - started
    assert process.returncode == 0
    return took, peak


def _environment() -> dict[str, str]:
    tests = str(Path(__file__).parents[1] / "support")
    return os.environ | {"PYTHONPATH": f"{tests}:{os.environ.get('PYTHONPATH', '')}"}


def _peak_bytes(process: subprocess.Popen[bytes]) -> float:
    """Of the process and its children together, what is theirs alone, until it has ended."""
    peak, parent = 0.0, psutil.Process(process.pid)
    while process.poll() is None:
        total = 0.0
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in [parent, *parent.children(recursive=True)]:
                memory = each.memory_info()
                total += memory.rss - memory.shared
        peak = max(peak, total)
        time.sleep(0.2)
    return peak
