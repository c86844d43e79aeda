"""Exporters: child processes that export one file after another.

Converters crash, hang, print and hold their memory; in a child that harms one file. What a child
costs is its imports, ten seconds of processor time for litert-torch, so one that is done with a
file is given the next of the same format.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from zoo.base.children import ending, last_line
from zoo.base.errors import ExportFailed
from zoo.base.files import write_text
from zoo.base.temporary import own_temporary

TIMEOUT_S = 900
# One thread each: there are as many exporters as cores, and threads that wait for others spin.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2", "OMP_NUM_THREADS": "1"}


class Exporters:
    """Those that wait for their next file; to be used by several threads at once.

    There are never more of them than files at once: each holds close to a gigabyte.
    """

    def __init__(self) -> None:
        self._waiting: list[Exporter] = []
        self._working: list[Exporter] = []
        self._lock = Lock()
        self._stopped = False

    def close(self) -> None:
        for exporter in self._waiting:
            exporter.close()

    def stop(self) -> None:
        """End those that work, too: whoever waits for one is told that it died."""
        with self._lock:
            self._stopped = True
            for exporter in self._working:
                exporter.kill()

    def export(self, label: str, format: str, request: Sequence[str], log: Path) -> None:
        """Make a file, as `python -m zoo.export` is asked for it.

        Raises ExportFailed, `label` naming the file; what the exporter printed is then in `log`.
        """
        exporter = self._take(format)
        try:
            problem = exporter.problem_with(request)
            if problem is not None:
                write_text(log, exporter.said())
                raise ExportFailed(f"{label} {problem}", remedy=f"all that it printed: {log}")
            log.unlink(missing_ok=True)
        except BaseException:
            exporter.close()
            raise
        finally:
            with self._lock:
                self._working.remove(exporter)
        with self._lock:
            self._waiting.append(exporter)

    def _take(self, format: str) -> Exporter:
        """One of that format that waits, or a new one in the place of one of another format."""
        with self._lock:
            if self._stopped:
                raise ExportFailed("the export was ended", remedy="the same command goes on")
            alike = [exporter for exporter in self._waiting if exporter.format == format]
            if alike:
                self._waiting.remove(alike[0])
            elif self._waiting:
                self._waiting.pop(0).close()
            exporter = alike[0] if alike else Exporter(format)
            self._working.append(exporter)
            return exporter


class Exporter:
    """One child. It ends when its standard input does: with this process at the latest."""

    def __init__(self, format: str) -> None:
        self.format = format
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        # coremltools clears away what it made on the way when it ends by itself: it is ended.
        self._folder = own_temporary("exporter")
        # -P: the working folder may hold a folder named like one of ours.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zoo.export", format],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | ENVIRONMENT | {"TMPDIR": self._folder.name},
        )

    def problem_with(self, request: Sequence[str]) -> str | None:
        """Why the file was not made, if so; the exporter is then of no more use."""
        assert self._process.stdin
        assert self._process.stdout
        # The child writes on from where this stands.
        self._log.seek(0)
        self._log.truncate()
        # One that died meanwhile is told by the end of its output.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT_S)
        if not ready:
            return f"did not end in {TIMEOUT_S} s"
        if self._process.stdout.readline():
            return None
        return f"{ending(self._process.wait())}: {last_line(self.said().splitlines())}"

    def said(self) -> str:
        """What it printed since it was last asked for a file."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self.kill()
        self._process.wait()
        for end in (self._process.stdin, self._process.stdout, self._log):
            with suppress(BrokenPipeError):
                assert end
                end.close()
        self._folder.cleanup()
