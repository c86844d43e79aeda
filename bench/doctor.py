"""Whether this machine can train, export and measure on itself; imports nothing heavy to say it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from devices.finding import Finding
from devices.host.conditions import usable_cores
from devices.programs import Machine
from devices.roads import android, browser, host, iphone
from zoo.export.targets import TARGETS
from zoo.home import Home
from zoo.runtime.runtime import RUNTIMES

# Training the largest variant peaks at 3.9 GB, as `make bench-self` measures.
TRAINING_BYTES = 4 * 10**9
DISK_BYTES = 10**9
SETUP = "make setup"
GPUS = (Path("/dev/nvidia0"), Path("/dev/kfd"))
# What the host road goes without.
OPTIONAL = {("host", name) for name, runtime in RUNTIMES.items() if not runtime.default} | {
    ("train", "memory"),
    ("train", "disk"),
}


def look(home: Home, machine: Machine) -> list[Finding]:
    """The needs of every road in turn. Roads whose programs hang wait side by side."""
    phones: tuple[Callable[[Machine], list[Finding]], ...] = (android, iphone, browser)
    with ThreadPoolExecutor(max_workers=len(phones)) as pool:
        asked = pool.map(lambda road: road(machine), phones)
        here = [*train(home), *export(), *host()]
        return [*here, *(finding for findings in asked for finding in findings)]


def train(home: Home) -> list[Finding]:
    """What training needs: its packages, cores, memory, and a home folder to write to."""
    return [
        _packages("train", "torch", ("torch", "torchvision")),
        _train("cores", True, f"{usable_cores()}"),
        _memory(),
        *_home(home),
        _gpu(),
    ]


def export() -> list[Finding]:
    """One finding a format: the versions of the tools that shape its bytes."""
    tools = defaultdict[str, dict[str, None]](dict)
    for target in TARGETS:
        tools[target.format] |= dict.fromkeys(name for name in target.tools if name != "torch")
    return [_packages("export", format, tuple(names)) for format, names in tools.items()]


def host_works(findings: Sequence[Finding]) -> bool:
    """Whether one format at least can be trained, exported and measured on this machine."""
    good = {(finding.road, finding.need) for finding in findings if finding.ok}
    formats = {RUNTIMES[need].format for road, need in good if road == "host"}
    trains = {("train", "torch"), ("train", "home")} <= good
    return trains and any(("export", format) in good for format in formats)


def first_remedy(findings: Sequence[Finding]) -> str | None:
    """What to mend before anything else; None where this machine has all that it needs."""
    roads = ("train", "export", "host")
    missing = (f for f in findings if f.road in roads and f.ok is False)
    return next((f.remedy for f in missing if (f.road, f.need) not in OPTIONAL), None)


def _packages(road: str, need: str, names: tuple[str, ...]) -> Finding:
    versions, missing = [], []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        found = f"not installed: {', '.join(missing)}"
        return Finding(road=road, need=need, ok=False, found=found, remedy=SETUP)
    return Finding(road=road, need=need, ok=True, found=", ".join(versions))


def _train(need: str, ok: bool | None, found: str, remedy: str | None = None) -> Finding:
    mending = remedy if ok is False else None
    return Finding(road="train", need=need, ok=ok, found=found, remedy=mending)


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found, ok = f"{memory.available / 1e9:.1f} GB free", memory.available >= TRAINING_BYTES
    remedy = "close other programs, or train narrow ones only: --model 'mnv2_slim_unet_0.35_*'"
    needed = "" if ok else "; training the widest variant at 224 takes 4 GB"
    return _train("memory", ok, found + needed, remedy)


def _home(home: Home) -> list[Finding]:
    """Whether it can be written to, and the space there. It may not exist yet."""
    folder = next(p for p in (home.root, *home.root.parents) if os.access(p, os.F_OK))
    writable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    found = f"{home.root}" if writable else f"{folder} is no folder that can be written to"
    elsewhere = "export BENCH_HOME=FOLDER"
    free = shutil.disk_usage(folder).free
    roomy = free >= DISK_BYTES
    space = f"{free / 1e9:.1f} GB free"
    return [
        _train("home", writable, found, elsewhere),
        _train("disk", roomy, space, f"{elsewhere}, on a disk with 1 GB free"),
    ]


def _gpu() -> Finding:
    seen = [path for path in GPUS if path.exists()]
    if not seen:
        return _train("GPU", None, "none seen: training takes the CPU")
    return _train("GPU", None, f"{seen[0]} is there; training takes it, untried by us")
