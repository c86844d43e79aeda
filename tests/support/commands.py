"""Runs `bench` as a user does: in this process, or as one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from click.testing import CliRunner, Result

from bench.sessions.record import Session
from zoo.home import Home

TINY = "mnv2_slim_unet_0.35_128"
RECIPE = str(Path(__file__).with_name("tiny.yaml"))
TRAIN = ("train", "--model", TINY, "--data", "drawn", "--recipe", RECIPE, "--init", "random")


def invoke(*words: str, status: int = 0) -> Result:
    from bench.cli import cli

    result = CliRunner().invoke(cli, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def bench_process(home: Home, *words: str) -> subprocess.Popen[str]:
    """A `bench` command as a process of its own, its standard error merged into its output."""
    environment = os.environ | {"BENCH_HOME": str(home.root)}
    return subprocess.Popen(
        [Path(sys.executable).parent / "bench", *words],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Killed at the end of the block, however that comes."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(path: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def exporters() -> list[psutil.Process]:
    """The exporting children of this process."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "zoo.export" in child.cmdline():
                found.append(child)
    return found


def check_all_were_taken(home: Home, wanted: int) -> None:
    """One file's timed sessions are `wanted`, and one is of memory.

    Passes of plainly another load do not count beside the last ones, so a machine whose load has
    changed between two commands has measured more: but as many of the last load, or more where it
    went back to one that was measured before.
    """
    from bench.sessions.store import read_all
    from bench.statistics.pooling import alike

    sessions = read_all(home).sessions
    timed = [session for session in sessions if session.timed]
    assert [s.plan.loop.mode for s in sessions].count("memory") == 1
    assert len({session.id for session in sessions}) == len(sessions) == len(timed) + 1
    counted = alike(timed)
    if counted == timed:
        assert len(timed) == wanted
    assert len(counted) >= wanted


def timed_session(home: Home) -> Session:
    """The first stored one that is no memory pass."""
    from bench.sessions.store import read_all

    return next(session for session in read_all(home).sessions if session.timed)


@dataclass(frozen=True)
class Chain:
    """A home in which one variant was trained on portraits, exported and measured."""

    home: Home
