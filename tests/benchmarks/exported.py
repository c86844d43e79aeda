"""Exported variants with random weights: their time is that of trained ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.work.item import Work
from devices.records import RunRequest
from train.config import load_recipe
from train.proof.calibrate import calibrate
from zoo import registry
from zoo.artifact.manifest import Artifact
from zoo.base.files import sha256_of
from zoo.box import take
from zoo.checkpoint import CheckpointRecord, Init, Split, checkpoint_path, save
from zoo.export.run import export
from zoo.export.targets import targets
from zoo.home import Home
from zoo.runtime.runtime import RUNTIMES


def write_checkpoint(home: Home, name: str) -> None:
    """Random weights under a record that claims nothing."""
    spec = registry.get(name)
    record = CheckpointRecord(
        model=spec.name,
        config=load_recipe("quick").model_dump(mode="json"),
        init=Init(kind="random"),
        split=Split(dataset="none", rule="", sha256="0" * 64, train_images=0, validation_images=0),
        threads=1,
        autocast="fp32",
        epoch=1,
        validation_iou=0.5,
        tools={},
    )
    save(checkpoint_path(home, spec), registry.build(spec), record)


def write_exports(
    home: Home, names: Iterable[str], formats: Iterable[str], precisions: Iterable[str] = ("fp32",)
) -> None:
    """Files of each name, format and precision. Where some need ranges, the weights are those of
    the package."""
    wanted = targets(formats, precisions)
    for name in names:
        spec = registry.get(name)
        if any(target.calibrated for target in wanted):
            take(home, spec)
            calibrate(home, spec, None)
        else:
            write_checkpoint(home, name)
        made = export(home, [(spec, target) for target in wanted], jobs=os.cpu_count() or 1)
        outcomes = {target: outcome for _, target, outcome in made}
        assert all(isinstance(outcome, Artifact) for outcome in outcomes.values()), outcomes


def exported_home(
    factory: pytest.TempPathFactory,
    names: Iterable[str],
    formats: Iterable[str],
    precisions: Iterable[str] = ("fp32",),
) -> Home:
    """A home with these files; BENCH_SELF_HOME where that is set, to spare the exporting."""
    if given := os.environ.get("BENCH_SELF_HOME"):
        return Home(root=Path(given))
    home = Home(root=factory.mktemp("home"))
    write_exports(home, names, formats, precisions)
    return home


def work_of(home: Home, name: str, runtime: str, threads: int = 1, precision: str = "fp32") -> Work:
    """The work that measures an exported variant."""
    spec = registry.get(name)
    path = home.artifact(spec, RUNTIMES[runtime].format, precision)
    return file_work(path, name, spec.size, runtime, threads, precision)


def file_work(
    path: Path, name: str, size: int, runtime: str, threads: int = 1, precision: str = "fp32"
) -> Work:
    """The work that measures this file under this name."""
    request = RunRequest(
        model=name,
        size=size,
        format=RUNTIMES[runtime].format,
        precision=precision,
        artifact_sha256=sha256_of(path),
        runtime=runtime,
        threads=threads,
    )
    return Work(request=request, artifact=path)
