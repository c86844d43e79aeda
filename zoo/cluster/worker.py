"""What runs on another machine: one command in a home of its own, told as it happens.

It takes and gives plain values only, so that one that runs another version can still say so.
"""

from __future__ import annotations

import importlib.metadata
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from zoo.base.children import Ended, Job, Said, watched_jobs
from zoo.base.files import sha256_of, sha256_of_json
from zoo.base.temporary import own_temporary
from zoo.cluster.parcels import Parcel, digest, matching, packed, unpack

# What is told: a line; files that changed while it ran; those asked for; why it did not end well.
LINE, PROGRESS, RESULTS, FAILED, KILLED = "line", "progress", "results", "failed", "killed"
# How often what a silent command has stored meanwhile is sent back.
LOOK_S = 2.0
# What the temporary homes are called by.
HOMES = "worker"
SOURCES = "sources of this package"
FOLDERS = ("bench", "devices", "reports", "train", "zoo")


def work_there(
    driver: Mapping[str, str],
    order: Mapping[str, Any],
    digests: Sequence[str],
    *parcels: Mapping[str, bytes],
) -> Iterator[tuple[str, Any]]:
    """Unpack the parcels into a home of this worker's own, run the command there, send back.

    driver: `program` over there. order: `orders.Order.told`.
    """
    host = socket.gethostname()
    if other := differences(driver, program(driver), host):
        yield FAILED, other
        return
    if [digest(parcel) for parcel in parcels] != list(digests):
        yield FAILED, f"what reached {host} is not what was sent"
        return
    try:
        with own_temporary(HOMES) as folder:
            home = Path(folder).resolve()
            for parcel in parcels:
                unpack(home, parcel)
            yield LINE, f"{order['name']}: on {host}, process {os.getpid()}"
            yield from _run(order, home)
    except OSError as error:
        yield FAILED, f"{host} refused: {error.strerror}"


def program(names: Iterable[str]) -> dict[str, str]:
    """The versions of these packages here, and the hash of our own sources: what must be equal on
    two machines, for the same bytes and the same language."""
    return {name: _sources() if name == SOURCES else _version(name) for name in (SOURCES, *names)}


def differences(driver: Mapping[str, str], here: Mapping[str, str], host: str) -> str:
    """What `host` has otherwise than the machine that asks, in words; empty where nothing."""
    other = [name for name in driver if driver[name] != here[name]]
    if not other:
        return ""
    theirs = ", ".join(f"{name} {here[name]}" for name in other)
    wanted = ", ".join(f"{name} {driver[name]}" for name in other)
    return f"{host} has {theirs}; this machine has {wanted}: install the same"


def _sources() -> str:
    root = Path(__file__).parents[2]
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*.py")]
    found = {path.relative_to(root).as_posix(): sha256_of(path) for path in paths}
    return sha256_of_json(found)[:12]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _run(order: Mapping[str, Any], home: Path) -> Iterator[tuple[str, Any]]:
    folders = {name: str(home / folder) for name, folder in order["folders"].items()}
    job = Job(
        name=order["name"],
        words=tuple(order["words"]),
        environment={"BENCH_HOME": str(home), **folders, **order["environment"]},
        folder=home,
        answers=order["answers"],
    )
    sent = _states(home, order["progress"])
    for event in watched_jobs([job], 1, LOOK_S):
        # What is stored is stored before it is told.
        now = _states(home, order["progress"])
        changed = [name for name, state in now.items() if sent.get(name) != state]
        sent = now
        if isinstance(event, Said):
            line = event.line.replace(f"{home}/", "")
            yield LINE, line if job.name in line else f"{job.name}: {line}"
        if files := _read(home, changed):
            yield PROGRESS, files
        if not isinstance(event, Ended):
            continue
        if event.problem is None or (order["partly"] and not event.killed):
            yield RESULTS, packed(home, order["results"])
        if event.problem is not None:
            yield KILLED if event.killed else FAILED, event.problem


def _states(home: Path, patterns: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each file: which it is, and when it was written."""
    found = {}
    for path in matching(home, patterns):
        with suppress(FileNotFoundError):
            state = path.stat()
            found[path.relative_to(home).as_posix()] = (state.st_ino, state.st_mtime_ns)
    return found


def _read(home: Path, names: Iterable[str]) -> Parcel:
    """Those that are still there: a training removes what it went on from when it is complete."""
    found: Parcel = {}
    for name in names:
        with suppress(FileNotFoundError):
            found[name] = (home / name).read_bytes()
    return found
