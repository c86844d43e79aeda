"""A machine that others use as well: as many busy programs as there are cores."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

# Parametrises a test by the load of the machine.
each_load = pytest.mark.parametrize("load", ["quiet", "busy"])

# Ends by itself, should nobody be left to end it.
HOG = """
import time
end = time.time() + 1800
while time.time() < end:
    pass
"""
# Its children lose their parent, so that their load is not taken for the measurement's own.
STRAY = """
import subprocess, sys
count, *words = sys.argv[1:]
for _ in range(int(count)):
    command = [sys.executable, *words]
    hog = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    print(hog.pid)
"""


def under(load: str) -> AbstractContextManager[None]:
    """The machine is so loaded for the block, which is to take less than half an hour."""
    return hogs() if load == "busy" else nullcontext()


@contextlib.contextmanager
def hogs() -> Iterator[None]:
    """Busy all the time."""
    words = [str(os.cpu_count() or 1), "-c", HOG]
    stray = subprocess.run(
        [sys.executable, "-c", STRAY, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    try:
        yield
    finally:
        for pid in stray.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
