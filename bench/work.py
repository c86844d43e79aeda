"""Finds what a run has to measure: the exported files, whole and as the manifest has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.protocol import Work
from bench.record import Plan, Session
from devices.base import Device, RunRequest
from zoo.checkpoint import checkpoint_path
from zoo.errors import DeviceError, MissingStep
from zoo.files import Home, sha256_of
from zoo.manifest import read_manifest, verified
from zoo.runtime import RUNTIMES
from zoo.spec import ModelSpec


def collect(
    home: Home,
    device: Device,
    specs: Sequence[ModelSpec],
    runtimes: Sequence[str],
    precision: str,
    threads: int,
) -> list[Work]:
    """One piece of work a spec and runtime.

    Raises MissingStep, naming the command that makes it, where an artifact is missing, and
    DeviceError where the device can not run a runtime that was asked for.
    """
    chosen = _runtimes(device, runtimes)
    return [_work(home, spec, name, precision, threads) for spec in specs for name in chosen]


def still_missing(
    work: Iterable[Work], sessions: Iterable[Session], device: Device, plan: Plan
) -> list[Work]:
    """The work that has fewer sessions than planned, stored by this device in the same way."""
    info = device.info()
    done = Counter(
        s.request
        for s in sessions
        if s.run is not None
        and s.device == info
        and s.plan.protocol == plan.protocol
        and s.run.runtime_version == device.runtime_version(s.request.runtime)
    )
    counted = [replace(one, done=done[one.request]) for one in work]
    return [one for one in counted if one.done < plan.sessions]


def _runtimes(device: Device, wanted: Sequence[str]) -> list[str]:
    available = device.runtimes()
    if not wanted:
        return [n for n, reason in available.items() if reason is None and RUNTIMES[n].default]
    for name in wanted:
        reason = available.get(name, "this device has no such runtime")
        if reason is not None:
            raise DeviceError(
                f"{name}: {reason}",
                expected=f"one of {', '.join(n for n, why in available.items() if why is None)}",
                remedy=RUNTIMES[name].remedy if name in RUNTIMES else "bench devices",
            )
    return list(wanted)


def _work(home: Home, spec: ModelSpec, runtime: str, precision: str, threads: int) -> Work:
    format = RUNTIMES[runtime].format
    if format == "torch":
        path = checkpoint_path(home, spec)
        if not path.is_file():
            raise MissingStep(f"{path} does not exist", remedy=f"bench train --model {spec.name}")
        sha256 = sha256_of(path)
    else:
        artifact = read_manifest(home, spec).artifacts.get(f"{format}.{precision}")
        if artifact is None:
            raise MissingStep(
                f"{spec.name} has no {precision} {format} file",
                expected=str(home.artifact(spec, format, precision)),
                remedy=f"bench export --model {spec.name}",
            )
        path, sha256 = verified(home, spec, artifact), artifact.sha256
    request = RunRequest(
        model=spec.name,
        size=spec.size,
        format=format,
        precision=precision,
        artifact_sha256=sha256,
        runtime=runtime,
        threads=threads,
    )
    return Work(request=request, artifact=path)
