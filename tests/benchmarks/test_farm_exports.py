"""What a farm of two nodes of one core each reaches, beside plain processes, in turns. It takes a
quarter of an hour: `pytest tests/benchmarks/test_farm_exports.py`."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from commands import bench_process, invoke, running
from farms import two_nodes
from self_figures import Figure

from train.cluster.files import in_parts
from zoo.artifact.manifest import read_manifest
from zoo.home import Home
from zoo.registry import select
from zoo.spec import ModelSpec

SPECS = select(["mnv2_slim_unet_*"])
EXPORT = ("export", "--precision", "fp32")
TURNS = ("plain", "farm", "farm", "plain")


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_exports_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure) -> None:
    """All variants in three formats, each file run against torch; nothing else runs meanwhile."""
    took: dict[str, list[float]] = {"plain": [], "farm": []}
    for number, way in enumerate(TURNS):
        home = Home(root=tmp_path / f"{number}")
        monkeypatch.setenv("BENCH_HOME", str(home.root))
        invoke("weights", "take", *models(SPECS))
        user = tmp_path / f"user{number}"
        took[way].append(on_farm(home, user) if way == "farm" else plain(home))
        for spec in SPECS:
            manifest = read_manifest(home, spec)
            assert {one.parity is not None for one in manifest.artifacts.values()} == {True}
            assert len(manifest.artifacts) == 3
        figure(f"{len(SPECS)} variants in 3 formats, turn {number + 1}: {way}", took[way][-1], "s")
    reached = sum(took["plain"]) / sum(took["farm"])
    figure("the farm's exports, of those of two plain processes", reached, "", at_least=0.9)


def plain(home: Home) -> float:
    """Two processes side by side, of half the variants and one thread each; seconds."""
    started = time.monotonic()
    with ExitStack() as held, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        processes = [
            held.enter_context(running(bench_process(home, *EXPORT, "--jobs", "1", *models(part))))
            for part in in_parts(SPECS, 2)
        ]
        for process in processes:
            told, _ = process.communicate()
            assert process.returncode == 0, told
    return time.monotonic() - started


def on_farm(home: Home, user: Path) -> float:
    with two_nodes(user) as farm:
        started = time.monotonic()
        command = bench_process(home, *EXPORT, "--ray", farm.address, *models(SPECS))
        with running(command) as process:
            told, _ = process.communicate()
            assert process.returncode == 0, told
        return time.monotonic() - started


def models(specs: Sequence[ModelSpec]) -> list[str]:
    return [word for spec in specs for word in ("--model", spec.name)]
