"""Stored sessions that were made up, of as many files, devices and sessions as a test wants.

Every file has counts of its own, so that a report of them has fronts; nothing was ever measured.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recorded import LOOP, recorded

from bench.sessions.record import Plan, Session
from bench.sessions.store import read_all, write_session
from devices.records import DeviceInfo, RawRun, Reading, RunRequest
from reports.gather.joined import Joined
from reports.gather.report import Report
from reports.load import report_of
from reports.stored.read import read_sessions
from zoo.artifact.iou import ImageCounts, mean_interval, pooled_interval
from zoo.home import Home
from zoo.registry import ARCHITECTURES
from zoo.spec import ZOO, ModelSpec, parse

FAMILY = ARCHITECTURES[ZOO]
SPECS = [ModelSpec(arch=ZOO, width=w, size=s) for w in FAMILY.widths for s in FAMILY.sizes]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(loop=LOOP)
ROUNDS_MADE = 10
CONDITIONS = {
    "governor": Reading(value=None, reason="this system has no cpufreq"),
    "load_1min": Reading(value=0.12),
    "temperature_c": Reading(value=31.5),
}


def device(name: str = "a phone", emulated: bool = False, unit: str | None = None) -> DeviceInfo:
    return DeviceInfo(
        kind="android" if emulated else "host",
        name=name,
        os="1",
        cpu="c",
        cores=8,
        memory_bytes=1,
        emulated=emulated,
        unit=unit,
    )


def asked(spec: ModelSpec, precision: str = "fp32") -> RunRequest:
    return RunRequest(
        model=spec.name,
        size=spec.size,
        format="tflite",
        precision=precision,
        artifact_sha256=hashlib.sha256(f"{spec.name}{precision}".encode()).hexdigest(),
        runtime="litert",
        threads=1,
    )


def latency_ms(spec: ModelSpec, precision: str) -> float:
    return 40 * spec.width_multiplier * (spec.size / 224) ** 2 * (0.8 if precision != "fp32" else 1)


def store(
    home: Home,
    devices: Sequence[DeviceInfo],
    specs: Sequence[ModelSpec] = SPECS,
    precisions: Sequence[str] = ("fp32",),
    sessions: int = 8,
    samples: int = 40,
    first: int = 0,
    slower: float = 1.0,
    plan: Plan = PLAN,
    slows: float = 1.0,
) -> None:
    """`sessions` rounds of every file on every device, all steady, each round with a drift.
    first: the number of the first device, by which sessions are named. slower: how much the last
    file is than it should be. slows: how much each session does half way."""
    files = [asked(spec, precision) for spec in specs for precision in precisions]
    for number, where in enumerate(devices, first):
        for round in range(sessions):
            generator = random.Random(f"{number} {round}")
            drift = generator.uniform(0.97, 1.03) * (1 + number / 3)
            for position, request in enumerate(files):
                ms = latency_ms(parse(request.model), request.precision) * drift
                ms *= slower if request is files[-1] else 1.0
                run = recorded(ms * generator.uniform(0.995, 1.005), samples)
                run = _slowed(run, slows).model_copy(update={"conditions_before": CONDITIONS})
                _write(home, where, request, round, position, run, number, files[0], plan)


def _slowed(run: RawRun, times: float) -> RawRun:
    """From the middle of its samples on."""
    samples = run.series.samples_ns or ()
    slow = (int(ns * times) for ns in samples[len(samples) // 2 :])
    series = run.series.model_copy(update={"samples_ns": (*samples[: len(samples) // 2], *slow)})
    return run.model_copy(update={"series": series})


def _write(
    home: Home,
    where: DeviceInfo,
    request: RunRequest,
    round: int,
    position: int,
    run: RawRun,
    number: int = 0,
    reference: RunRequest | None = None,
    plan: Plan = PLAN,
) -> None:
    session = Session(
        id=hashlib.sha256(f"{number} {round} {position}".encode()).hexdigest()[:12],
        batch=f"{number:012x}",
        round=round,
        position=position,
        started_at=FIRST + timedelta(minutes=round, seconds=position),
        commit=None,
        device=where,
        request=request,
        reference=None if request == reference else reference,
        plan=plan,
        run=run,
    )
    write_session(home, session)


def store_many(
    home: Home, devices: Sequence[DeviceInfo], precisions: Sequence[str], sessions: int
) -> None:
    """As `store`, for very many: a few are made and validated, the others are their texts under
    other names, written without waiting for the disk."""
    store(home, devices[:1], precisions=precisions, sessions=ROUNDS_MADE, samples=200)
    made = [json.loads(path.read_bytes()) for path in sorted(home.results.glob("*/*.json"))]
    for number, where in enumerate(devices):
        folder, device = home.device_results(where.key), where.model_dump(mode="json")
        folder.mkdir(parents=True, exist_ok=True)
        for turn in range(sessions // ROUNDS_MADE):
            batch = hashlib.sha256(f"{number} {turn}".encode()).hexdigest()[:12]
            for value in made if number + turn else ():
                id = hashlib.sha256(f"{batch} {value['id']}".encode()).hexdigest()[:12]
                again = value | {"id": id, "batch": batch, "device": device}
                (folder / f"{turn:06d}-{id}.json").write_text(json.dumps(again))


def steady_copy(home: Home, folder: Path, sessions: int = 7) -> Home:
    """The files and accuracies of a home, its sessions replaced by steady ones of the same files,
    so that a test does not hang on how quiet the machine was."""
    shutil.copytree(home.root, folder)
    copy = Home(root=folder)
    requests = {session.request for session in read_all(copy).sessions if session.timed}
    shutil.rmtree(copy.results)
    for position, request in enumerate(sorted(requests, key=lambda r: r.runtime)):
        for round in range(sessions):
            _write(copy, device(), request, round, position, recorded(4 + position + round / 100))
    return copy


def accuracy_of(home: Home, request: RunRequest) -> Joined:
    """Better the wider and the larger, and a little worse in integers."""
    spec = parse(request.model)
    skill = 0.86 + 0.03 * spec.width_multiplier + 0.0002 * spec.size
    skill -= 0.004 if request.precision == "int8" else 0.0
    generator = random.Random("images")
    counts = []
    for image in range(200):
        labelled = generator.randint(2000, 9000)
        hit = int(labelled * min(1.0, skill * generator.uniform(0.9, 1.05)))
        counts.append(
            ImageCounts(image=f"i{image}", intersection=hit, predicted=labelled, labelled=labelled)
        )
    return Joined(
        iou=pooled_interval(counts),
        mean_iou=mean_interval(counts),
        counts=tuple(counts),
        iou_of="hair on made up images, 200 images (split 00000000)",
        size_bytes=int(1e6 * spec.width_multiplier * (1 if request.precision == "int8" else 3)),
        checkpoint_sha256=hashlib.sha256(request.model.encode()).hexdigest(),
        init="random",
    )


def report(home: Home) -> Report:
    """Of what is stored in `home`, with those accuracies."""
    return report_of(*read_sessions([home]), accuracy_of)
