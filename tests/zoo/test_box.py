"""The weights in the package: packed from a training, taken by who has no photographs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from commands import RECIPE, TINY, Chain, invoke
from engines import page_is_built

from bench.cli.measuring.browser import offered_by
from train.data.dataset import Dataset
from train.proof.pack import pack
from zoo.artifact.iou import pooled, read_counts, write_counts
from zoo.artifact.manifest import read_manifest, write_manifest
from zoo.artifact.sources import by_source
from zoo.base.errors import MissingStep, WeightsError
from zoo.base.files import sha256_of
from zoo.box import (
    FOLDER,
    box_path,
    read_box_counts,
    read_ranges,
    read_records,
    take,
    unpack,
)
from zoo.checkpoint import checkpoint_path, load, read_record
from zoo.home import Home
from zoo.registry import all_specs, get
from zoo.spec import ZOO, ModelSpec

SIZES = ("mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.35_160")
SPECS = [get(name) for name in SIZES]
LARGEST = 12_000_000


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, portraits: Path) -> Path:
    """A home in which two sizes were trained together, with their box beside it."""
    root = tmp_path_factory.mktemp("packed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_HOME", str(root))
        models = [word for name in SIZES for word in ("--model", name)]
        invoke("data", "folder", str(portraits), "--name", "lfw")
        invoke("data", "synthetic", "--train", "8", "--validation", "4")
        invoke("data", "join", "lfw", "synthetic", "--name", "drawn")
        recipe = ("--recipe", RECIPE, "--init", "random", "--epochs", "4")
        invoke("train", *models, "--data", "drawn", "--together", *recipe)
        invoke("weights", "pack", *models, "--data", "drawn", "--output", str(root / "box"))
    return root


def test_sizes_trained_together_share_their_kernels_alone(packed: Path) -> None:
    first, second = (load(checkpoint_path(Home(root=packed), spec))[0] for spec in SPECS)
    ours, theirs = first.state_dict(), second.state_dict()
    kernels = {n for n, t in ours.items() if t.ndim == 4}
    assert all(torch.equal(ours[name], theirs[name]) for name in kernels)
    own = {n for n in ours if n.endswith(("running_mean", "running_var"))} | {"head.bias"}
    assert not any(torch.equal(ours[name], theirs[name]) for name in own)
    record = read_record(checkpoint_path(Home(root=packed), SPECS[0]))
    assert record.trained_sizes == (128, 160)


def test_a_box_holds_the_rounded_weights_and_what_was_counted_with_them(packed: Path) -> None:
    box = packed / "box"
    for spec in SPECS:
        network, record = unpack(spec, box)
        trained, _ = load(checkpoint_path(Home(root=packed), spec))
        for name, tensor in trained.state_dict().items():
            if tensor.is_floating_point():
                assert torch.equal(tensor.half().float(), network.state_dict()[name]), name
        assert pooled(read_box_counts(spec, box)) == record.validation_iou
        ranges = read_ranges(spec, box)
        lowest, highest, *_ = ranges["encoder.0.2"]  # behind a ReLU6
        assert lowest == 0
        assert 0 < highest <= 6
        assert all(
            low <= mean_low <= mean_high <= high
            for low, high, mean_low, mean_high in ranges.values()
        )
    alone = 2 * sum(p.numel() for p in trained.parameters())
    assert box_path(SPECS[0], box).stat().st_size < 1.3 * alone
    card = box_path(SPECS[0], box, "md").read_text()
    assert "Ask your lawyer" in card
    # What is known of a data set's rights, and that nothing is; a line each of what was measured.
    assert "**Labeled Faces in the Wild**" in card
    assert "**synthetic**: whoever prepared it" in card
    for part in by_source(read_box_counts(SPECS[-1], box), "drawn"):
        assert f"| {SPECS[-1]} | {part.source} | {part.images} | {part.iou.value:.3f} (" in card


def test_the_demo_shows_the_iou_on_lfw(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page_is_built()
    monkeypatch.setenv("BENCH_HOME", str(packed))
    home, spec, key = Home(root=packed), SPECS[0], "tflite.fp32"
    invoke("export", "--model", spec.name, "--format", "tflite", "--precision", "fp32")
    manifest = read_manifest(home, spec)
    artifact = manifest.artifacts[key]
    assert artifact.accuracy is not None
    # Masks that are right on one data set and wrong on the other.
    path = home.artifacts / spec.name / artifact.accuracy.counts_file
    counts = [
        replace(one, predicted=one.labelled, intersection=one.labelled * (one.source == "lfw"))
        for one in read_counts(path)
    ]
    write_counts(path, counts)
    changed = artifact.accuracy.model_copy(update={"counts_sha256": sha256_of(path)})
    artifacts = {key: artifact.model_copy(update={"accuracy": changed})}
    write_manifest(home, spec, manifest.model_copy(update={"artifacts": artifacts}))
    (shown,) = offered_by(home, "browser", measures=False).welcome["models"]
    assert (shown["iou"], shown["iou_on"]) == (1, "lfw")
    assert pooled(counts) < 1


def test_taking_leaves_a_training_of_ones_own_alone(packed: Path, tmp_path: Path) -> None:
    home, spec, box = Home(root=tmp_path), SPECS[0], packed / "box"
    assert take(home, spec, folder=box)
    assert not take(home, spec, folder=box)
    own = Home(root=packed)
    with pytest.raises(WeightsError, match="a training of your own"):
        take(own, spec, folder=box)
    with pytest.raises(MissingStep, match="come with the package"):
        take(home, get("mnv2_slim_unet_0.35_224"), folder=box)
    with pytest.raises(WeightsError, match="was trained at"):
        pack(own, SPECS[:1], _dataset(own), tmp_path)


def test_a_box_that_was_cut_short_is_refused(packed: Path, tmp_path: Path) -> None:
    for ending in ("safetensors", "counts.csv"):
        source = box_path(SPECS[0], packed / "box", ending)
        box_path(SPECS[0], tmp_path, ending).write_bytes(source.read_bytes()[:200])
    with pytest.raises(WeightsError, match="not a file of the zoo's weights"):
        read_records(box_path(SPECS[0], tmp_path))


def test_the_package_holds_the_whole_zoo() -> None:
    zoo = [spec for spec in all_specs() if spec.arch == ZOO]
    files = {box_path(spec) for spec in zoo}
    assert sum(path.stat().st_size for path in files) <= LARGEST
    rows = json.loads(invoke("weights", "list", "--model", f"{ZOO}_*", "--json").output)
    assert list(rows) == [spec.name for spec in zoo]
    for spec in zoo:
        network, record = unpack(spec)
        assert not network.training
        assert len(read_box_counts(spec)) == record.split.validation_images == 620
        assert read_ranges(spec)["head"][0] < 0
        assert rows[spec.name]["iou_low"] < rows[spec.name]["iou"] < rows[spec.name]["iou_high"]
        assert box_path(spec, FOLDER, "md").is_file()


@pytest.mark.parametrize("spec", [spec for spec in all_specs() if spec.arch == ZOO], ids=str)
def test_the_zoo_is_counted_on_both_data_sets(spec: ModelSpec) -> None:
    _, record = unpack(spec)
    found = {part.source: part for part in by_source(read_box_counts(spec), "both")}
    assert {source: part.images for source, part in found.items()} == {"lfw": 500, "figaro1k": 120}
    assert record.split.parts.keys() == found.keys()
    card = box_path(spec, FOLDER, "md").read_text()
    for source, part in found.items():
        assert f"| {spec} | {source} | {part.images} | {part.iou.text} |" in card


def test_the_figures_show_the_iou_of_the_shipped_weights() -> None:
    docs = Path(__file__).parents[2] / "docs"
    shown = (docs / "measured" / "weights.md").read_text()
    assert shown in (docs / "figures.md").read_text()
    for spec in (spec for spec in all_specs() if spec.arch == ZOO):
        found = {part.source: part.iou.text for part in by_source(read_box_counts(spec), "both")}
        assert f"| {spec.name} | {found['lfw']} | {found['figaro1k']} |" in shown


def test_without_photographs_the_iou_is_said_to_be_of_the_reference(
    home: Home, shipped: Home
) -> None:
    model = ("--model", TINY)
    shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    told = invoke("export", *model, "--format", "tflite", "--precision", "fp16").output
    assert "on 16 images" in told
    assert "IoU not measured: the data set 'both' of the checkpoint is not here" in told
    few = ("--sessions", "2", "--rounds", "4", "--runtime", "litert")
    invoke("run", *model, *few, "--precision", "fp32", "--precision", "fp16")
    page = invoke("report").output
    table = (home.report / "table.md").read_text()
    found = {part.source: part.iou for part in by_source(read_box_counts(get(TINY)), "both")}
    iou = f"{found['lfw'].value:.3f} ["
    assert table.count(iou) == 2, page
    assert "of the reference export of these weights" in table
    # Once below the table, not in each cell.
    told = "IoU: of the ONNX file exported where these weights were packed, not of the file timed"
    (html,) = home.report.glob("*.html")
    assert (table.count(told), html.read_text().count(told)) == (1, 1)
    assert "of the reference ONNX file" in page
    assert "the package's" in invoke("models", "--long", *model).output


def test_a_training_is_not_taken_for_the_shipped_weights(in_chain: Chain) -> None:
    assert "trained here" in invoke("models", "--long", "--model", TINY).output


def _dataset(home: Home) -> Dataset:
    return Dataset.open(home, "drawn")
