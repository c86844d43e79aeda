"""Exported variants with random weights: their time is that of trained ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.protocol import Work
from devices.base import RunRequest
from train.config import load_recipe
from zoo import registry
from zoo.checkpoint import CheckpointRecord, Init, Split, checkpoint_path, save
from zoo.export.run import export
from zoo.export.targets import TARGETS
from zoo.files import Home, sha256_of
from zoo.manifest import Artifact
from zoo.runtime import RUNTIMES


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


def write_exports(home: Home, names: Iterable[str], formats: Iterable[str]) -> None:
    """fp32 files of each name and format."""
    wanted = set(formats)
    targets = [t for t in TARGETS if t.format in wanted and t.precision == "fp32"]
    for name in names:
        write_checkpoint(home, name)
        spec = registry.get(name)
        made = export(home, [(spec, target) for target in targets], jobs=os.cpu_count() or 1)
        outcomes = {target: outcome for _, target, outcome in made}
        assert all(isinstance(outcome, Artifact) for outcome in outcomes.values()), outcomes


def exported_home(
    factory: pytest.TempPathFactory, names: Iterable[str], formats: Iterable[str]
) -> Home:
    """A home with these files; BENCH_SELF_HOME where that is set, to spare the exporting."""
    if given := os.environ.get("BENCH_SELF_HOME"):
        return Home(root=Path(given))
    home = Home(root=factory.mktemp("home"))
    write_exports(home, names, formats)
    return home


def work_of(home: Home, name: str, runtime: str, threads: int = 1) -> Work:
    """The work that measures an exported variant."""
    spec, format = registry.get(name), RUNTIMES[runtime].format
    return file_work(home.artifact(spec, format, "fp32"), name, spec.size, runtime, threads)


def file_work(path: Path, name: str, size: int, runtime: str, threads: int = 1) -> Work:
    """The work that measures this file under this name."""
    request = RunRequest(
        model=name,
        size=size,
        format=RUNTIMES[runtime].format,
        precision="fp32",
        artifact_sha256=sha256_of(path),
        runtime=runtime,
        threads=threads,
    )
    return Work(request=request, artifact=path)
