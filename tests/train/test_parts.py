"""A training on a joined data set, where only what it was joined of is at hand later."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import TINY, TRAIN, invoke
from drawn import write_portraits

from reports.load import load
from zoo.artifact.judgement import Figure
from zoo.artifact.manifest import Artifact, read_manifest
from zoo.home import Home
from zoo.registry import get

FILE = ("--model", TINY, "--format", "onnx", "--precision", "fp32")
LOST = Figure(value=-0.05, low=-0.06, high=-0.04)
NAMES = ("one", "two")
RAW = "raw"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts are there, what was joined of them is not. RAW: what they were prepared from."""
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_HOME", str(root))
        for name, images in zip(NAMES, (150, 110), strict=True):
            folder = write_portraits(root / RAW / name, images)
            invoke("data", "folder", str(folder), "--name", name)
        invoke("data", "join", *NAMES, "--name", "drawn")
        invoke(*TRAIN, "--epochs", "1")
        shutil.rmtree(Home(root=root).dataset("drawn"))
        invoke("export", *FILE)
    return root


@pytest.fixture
def apart(trained: Path, home: Home) -> Home:
    shutil.copytree(trained, home.root, dirs_exist_ok=True)
    return home


def stored(home: Home) -> Artifact:
    return read_manifest(home, get(TINY)).artifacts["onnx.fp32"]


def test_each_part_stands_for_its_share(apart: Home) -> None:
    (row,) = json.loads(invoke("export", *FILE, "--json").stdout)
    assert [one["source"] for one in row["by_source"]] == list(NAMES)
    told = invoke("models", "--long", *FILE[:2]).output
    assert all(f"IoU on {name} [95 %]" in told for name in NAMES)
    assert "not measured" not in told
    invoke("run", *FILE[:2], "--runtime", "onnxruntime", "--sessions", "2", "--rounds", "4")
    (shown,) = load(apart, data="two").rows
    assert shown.joined.iou is not None
    assert shown.joined.iou.value == row["by_source"][1]["iou"]["value"]
    assert shown.joined.iou_change is not None
    assert (shown.joined.of_reference, shown.joined.remedy) == (False, None)


def test_a_loss_on_one_part_rejects_the_file(apart: Home) -> None:
    good = stored(apart)
    assert good.rejected is None
    one = good.others["one validation"]
    bad = one.model_copy(
        update={"judgement": one.judgement.model_copy(update={"difference": LOST})}
    )
    lost = good.model_copy(update={"others": good.others | {"one validation": bad}})
    assert "5.00 points below torch's" in str(lost.rejected)
    foreign = lost.model_copy(update={"parts": ("two",)})
    assert foreign.rejected is None, "of a data set that it was not trained on"


def test_what_may_have_been_trained_on_is_not_counted_as_unseen(apart: Home) -> None:
    raw = str(apart.root / RAW / "two")
    invoke("data", "folder", raw, "--name", "two", "--validation-share", "0.6")
    output = invoke("eval", *FILE, "--data", "two", status=1).output
    assert "two is split otherwise than when" in output
    assert "bench data folder FOLDER --name two" in output
    assert "validation images may have been trained on" in output
