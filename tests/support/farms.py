"""A farm of two Ray nodes of this machine, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
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

# What a command of ours begins, by a word of each.
COMMANDS = {"bench.cli.child", "zoo.export", "devices.host.worker"}


@dataclass(frozen=True, kw_only=True)
class Farm:
    """address: of the first node. first, second: the processes of `bench farm start` and `join`.
    user: the HOME of all that runs on them."""

    address: str
    user: Path
    first: subprocess.Popen[str]
    second: subprocess.Popen[str]

    def kill_second(self) -> None:
        kill(self.second)

    def kill_first(self) -> None:
        kill(self.first)


def processes_of(node: subprocess.Popen[str]) -> list[psutil.Process]:
    """All that runs on the node, and the node itself."""
    with suppress(psutil.Error):
        root = psutil.Process(node.pid)
        return [*root.children(recursive=True), root]
    return []


def kill(node: subprocess.Popen[str]) -> None:
    """As a power failure would end that machine."""
    for process in processes_of(node):
        with suppress(psutil.Error):
            process.kill()
    node.wait()


def outer_address() -> str:
    """Of this machine; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        found: str = probe.getsockname()[0]
        return found


@contextmanager
def two_nodes(
    user: Path, adb: Path | None = None, path_of_second: Path | None = None
) -> Iterator[Farm]:
    """user: the folder of whose token the farm asks for; it is HOME within the block. adb: the one
    that both nodes are told to use, and only they. path_of_second: where the second one looks for
    Python's packages first."""
    user.mkdir()
    if adb is not None:
        # A phone lets in the adb of its user, whose key lies in HOME.
        (user / ".android").symlink_to(Path.home() / ".android")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(user))
        port = closed_port()
        # A farm of the loopback address takes no second node, not even of its own machine.
        host = outer_address()
        address = f"{host}:{port}"
        own = ("--cpus", "1", *(("--adb", str(adb)) if adb else ()))
        start = ("start", "--host", host, "--port", str(port), *own)
        join = ("join", address, *own)
        with node(start, "is a farm") as first, pytest.MonkeyPatch.context() as of_second:
            if path_of_second is not None:
                of_second.setenv("PYTHONPATH", str(path_of_second), prepend=os.pathsep)
            with node(join, "joined") as second:
                of_second.undo()
                yield Farm(address=address, user=user, first=first, second=second)


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


def children_of(farm: Farm) -> list[psutil.Process]:
    """The commands that run for the farm, and what they export and measure with; Ray's own are
    none."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words, home = process.cmdline(), process.environ().get("HOME")
            if COMMANDS & set(words) and home == str(farm.user):
                found.append(process)
    return found


def children_left(farm: Farm) -> list[psutil.Process]:
    """Once what ends by itself has had a moment."""
    until = time.monotonic() + 15
    while (found := children_of(farm)) and time.monotonic() < until:
        time.sleep(0.2)
    return found
