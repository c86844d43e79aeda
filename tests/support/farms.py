"""A farm of two Ray nodes of this machine, and what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from commands import bench_process, running
from file_server import closed_port

from zoo.home import Home


@dataclass(frozen=True, kw_only=True)
class Farm:
    """address: of the first node; second: the process of `bench farm join`."""

    address: str
    second: subprocess.Popen[str]

    def kill_second(self) -> None:
        """As a power failure would end that machine."""
        second = psutil.Process(self.second.pid)
        for process in (*second.children(recursive=True), second):
            with suppress(psutil.Error):
                process.kill()
        self.second.wait()


@contextmanager
def two_nodes(user: Path) -> Iterator[Farm]:
    """user: the folder of whose token the farm asks for; it is HOME within the block."""
    user.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(user))
        port = closed_port()
        address = f"127.0.0.1:{port}"
        first = ("start", "--port", str(port), "--cpus", "1")
        with node(first, "is a farm"), node(("join", address, "--cpus", "1"), "joined") as second:
            yield Farm(address=address, second=second)


@contextmanager
def node(words: tuple[str, ...], said: str) -> Iterator[subprocess.Popen[str]]:
    """`bench farm`, from when it has said this."""
    with running(bench_process(Home.default(), "farm", *words)) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if said in line:
                break
        else:
            raise AssertionError("".join(lines))
        yield process
        process.send_signal(signal.SIGINT)
        process.stdout.read()


def children_left() -> list[list[str]]:
    """Measuring children of ours, once what ends by itself has had a moment."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if "bench.cli.child" in words and "run" in words:
                    found.append(words)
        if not found:
            return []
        time.sleep(0.2)
    return found
