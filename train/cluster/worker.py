"""What runs on a worker: one training, told as it happens.

It takes and gives plain values only, so that one that runs another version can still say so.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from train.cluster.parcels import TORCH
from zoo.base.children import Job, Said, run_jobs
from zoo.base.files import sha256_of, sha256_of_json
from zoo.cluster.parcels import digest, unpack

# What is told: a line, `resume.pt` after an epoch, and at last the files or why there are none.
LINE, PROGRESS, RESULTS, FAILED, KILLED = "line", "progress", "results", "failed", "killed"
HOMES = "bench-worker-"


def train_there(
    driver: Mapping[str, str],
    name: str,
    command: Sequence[str],
    progress: str,
    results: Sequence[str],
    digests: Sequence[str],
    *parcels: Mapping[str, bytes],
) -> Iterator[tuple[str, Any]]:
    """Unpack the parcels into a home of this worker's own, run the command there, send back.

    driver: the program over there; progress, results: names of files in the home.
    """
    host = socket.gethostname()
    if other := [key for key, value in program().items() if driver.get(key) != value]:
        yield FAILED, f"{host} has other {' and '.join(other)} than this machine: install the same"
        return
    if [digest(parcel) for parcel in parcels] != list(digests):
        yield FAILED, f"what reached {host} is not what was sent"
        return
    with _own_home() as home:
        for parcel in parcels:
            unpack(home, parcel)
        yield LINE, f"{name}: on {host}, process {os.getpid()}"
        yield from _train(name, command, home, home / progress, results)


def program() -> dict[str, str]:
    """All that must be equal here and on the driver, for the same bytes and the same language."""
    root = Path(__file__).parents[2]
    sources = [path for folder in ("zoo", "train") for path in (root / folder).rglob("*.py")]
    found = {path.relative_to(root).as_posix(): sha256_of(path) for path in sources}
    versions = {name: importlib.metadata.version(name) for name in ("torch", "torchvision")}
    return {"sources of this package": sha256_of_json(found), **versions}


def _train(
    name: str, command: Sequence[str], home: Path, progress: Path, results: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    environment = {"BENCH_HOME": str(home), "TORCH_HOME": str(home / TORCH)}
    job = Job(name=name, words=tuple(command), environment=environment, folder=home)
    sent = _state(progress)
    for event in run_jobs([job], 1):
        if isinstance(event, Said):
            yield LINE, event.line.replace(f"{home}/", "")
            # Each epoch is stored before it is told.
            if (state := _state(progress)) not in (None, sent):
                sent = state
                yield PROGRESS, progress.read_bytes()
        elif event.problem is None:
            yield RESULTS, {result: (home / result).read_bytes() for result in results}
        else:
            yield KILLED if event.killed else FAILED, event.problem


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def _own_home() -> Iterator[Path]:
    """A temporary home, after those that killed workers left here are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{HOMES}*-*"):
        owner = left.name.removeprefix(HOMES).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{HOMES}{os.getpid()}-") as home:
        yield Path(home).resolve()
