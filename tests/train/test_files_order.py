"""Exporting on other machines: the same bytes as here, and nothing that is sent back is trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import TINY, Chain, invoke

from train.cluster.files import EXPORTING, FilesOrder, in_parts
from train.data.dataset import Dataset
from zoo.artifact.manifest import read_manifest
from zoo.base.errors import ArtifactError
from zoo.cluster.parcels import Parcel, digest, packed
from zoo.cluster.worker import LINE, RESULTS, program, work_there
from zoo.home import Home
from zoo.registry import all_specs, get

SPEC = get(TINY)
WORDS = ("-m", "bench.cli.child", "export", "--format", "onnx", "--precision", "fp32")


@pytest.fixture
def order(chain: Chain, tmp_path: Path) -> FilesOrder:
    """Of a home that has the checkpoint and photographs of the chain, and no files yet."""
    for name in ("checkpoints", "data"):
        shutil.copytree(chain.home.root / name, tmp_path / name)
    home = Home(root=tmp_path)
    dataset = Dataset.open(home, "drawn")
    return FilesOrder(
        home=home,
        specs=(SPEC,),
        words=WORDS,
        datasets=(dataset,),
        packages=EXPORTING,
        cores_option="--jobs",
    )


def done_there(order: FilesOrder) -> tuple[Parcel, list[str]]:
    """What a worker sends back, and the lines that it tells."""
    parcels = [*(make() for _, make in order.shared()), order.own()]
    digests = [digest(parcel) for parcel in parcels]
    told = list(work_there(program(order.packages), order.told(1), digests, *parcels))
    kind, files = told[-1]
    assert kind == RESULTS, files
    return files, [content for kind, content in told if kind == LINE]


def test_a_worker_exports_the_bytes_that_this_machine_does(
    chain: Chain, order: FilesOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, lines = done_there(order)
    order.keep_results(files)
    found = read_manifest(order.home, SPEC).artifacts["onnx.fp32"]
    here = read_manifest(chain.home, SPEC).artifacts["onnx.fp32"]
    assert (found.sha256, found.accuracy) == (here.sha256, here.accuracy)
    assert found.accuracy is not None
    # Its progress, and not the table that ends the command.
    assert all(line.startswith(TINY) for line in lines)
    assert not any("next:" in line for line in lines)
    # The same command has nothing left to do.
    monkeypatch.setenv("BENCH_HOME", str(order.home.root))
    output = invoke(*WORDS[2:], "--model", TINY, "--ray", "nowhere:1").output
    assert "fp32" in output

    refused: tuple[tuple[Parcel, str], ...] = (
        (files | {f"artifacts/{TINY}/../../outside": b""}, "which is not under artifacts"),
        (files | {"checkpoints/x": b""}, "which is not under artifacts"),
        ({}, "sent no manifest"),
        ({name: content + b" " for name, content in files.items()}, "was changed"),
    )
    before = packed(order.home.root, ["artifacts/**/*"])
    for wrong, seen in refused:
        with pytest.raises(ArtifactError, match=seen):
            order.keep_results(wrong)
    assert before == packed(order.home.root, ["artifacts/**/*"])
    assert not list(order.home.root.rglob(".bench-*"))


def test_variants_are_dealt_out_so_that_each_worker_has_as_much_to_do() -> None:
    specs = [spec for spec in all_specs() if spec.arch == SPEC.arch]
    parts = in_parts(specs, 2)
    assert [len(part) for part in parts] == [8, 8]
    assert sorted(spec for part in parts for spec in part) == sorted(specs)
    pixels = [sum(spec.size**2 * spec.width_multiplier for spec in part) for part in parts]
    assert max(pixels) / min(pixels) < 1.2
    assert [len(part) for part in in_parts(specs, 1)] == [8, 8]
    assert [len(part) for part in in_parts(specs[:2], 4)] == [1, 1]
