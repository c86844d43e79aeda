"""Models of other people: fed and read as their record says, beside the zoo in everything."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import TINY, invoke
from drawn import portrait
from own_models import (
    Segmenter,
    write_convolutions,
    write_free_shape,
    write_not_a_number,
    write_two_inputs,
)
from PIL import Image

from reports.gather.pairs import iou_difference
from reports.load import load
from reports.pictures.figures import IMPORTED, look
from zoo.artifact.iou import read_counts
from zoo.artifact.manifest import read_manifest
from zoo.home import Home
from zoo.imported.accuracy import read_evaluations
from zoo.imported.record import read_imported, record_path
from zoo.registry import get

PASSES = ("--sessions", "6", "--max-sessions", "6", "--rounds", "4")
# Each is fed and read in another way; the options are what its file does not tell.
WAYS: dict[str, tuple[Segmenter, tuple[str, ...]]] = {
    "as_the_zoo": (Segmenter(), ()),
    "bgr_softmax": (
        Segmenter(
            layout="nhwc", colour="bgr", low=-1, decoys=1, channels=2, lift=30, ends_in="Identity"
        ),
        ("--colour", "bgr", "--range", "-1..1", "--output", "1", "--channel", "0"),
    ),
    "mean_std": (
        Segmenter(low=-2.0, high=2.5, sides=(48, 80), ends_in="Identity"),
        ("--mean", "0.444444", "--std", "0.222222"),
    ),
    "labels_of_bytes": (
        Segmenter(high=255, bytes_=True, channels=3, hair=2, ends_in="ArgMax"),
        ("--channel", "2"),
    ),
    "any_size": (
        Segmenter(layout="nhwc", sides=("h", "w"), channels=2, hair=1, ends_in="Identity"),
        ("--size", "64"),
    ),
}
WRONG = [
    ("bgr_softmax", "--colour", "rgb"),
    ("bgr_softmax", "--range", "0..1"),
    ("bgr_softmax", "--output", "0"),
    ("bgr_softmax", "--channel", "1"),
    ("bgr_softmax", "--activation", "none"),
    ("mean_std", "--std", "1"),
    ("labels_of_bytes", "--channel", "1"),
]


def imported(tmp_path: Path, way: str, *words: str) -> float:
    """Its IoU, as `bench eval` tells it. words: said last, so that they count."""
    segmenter, options = WAYS[way]
    file = segmenter.write(tmp_path / f"{way}.onnx")
    invoke("import", str(file), "--name", way, *options, *words, "--force")
    (record,) = json.loads(invoke("eval", way, "--data", "drawn", "--json").output)
    return float(record["iou"]["value"])


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_is_fed_and_read_rightly_finds_the_hair(
    drawn: Home, tmp_path: Path, way: str
) -> None:
    assert imported(tmp_path, way) > 0.85


def test_weights_beside_a_file_are_taken_in(drawn: Home, tmp_path: Path) -> None:
    whole = onnx.load(Segmenter().write(tmp_path / "whole.onnx"))
    onnx.save(
        whole,
        tmp_path / "parted.onnx",
        save_as_external_data=True,
        location="weights",
        size_threshold=0,
    )
    invoke("import", str(tmp_path / "parted.onnx"), "--name", "parted")
    model = read_imported(drawn, "parted")
    assert model.sha256 != model.source_sha256
    (tmp_path / "weights").unlink()
    (record,) = json.loads(invoke("eval", "parted", "--data", "drawn", "--json").output)
    assert record["iou"]["value"] > 0.85
    # Its weights are looked for in its own folder, and nowhere else.
    away = onnx.load(tmp_path / "parted.onnx", load_external_data=False)
    for tensor in away.graph.initializer:
        tensor.external_data[0].value = "../weights"
    (tmp_path / "inner").mkdir()
    (tmp_path / "weights").write_bytes(bytes(4096))
    onnx.save(away, tmp_path / "inner" / "away.onnx")
    words = ("import", str(tmp_path / "inner" / "away.onnx"), "--name", "away")
    assert "keeps weights in '../weights', outside of its folder" in invoke(*words, status=1).output


def test_a_file_is_judged_by_its_path_and_nothing_of_it_is_kept(
    drawn: Home, tmp_path: Path
) -> None:
    file = Segmenter(layout="nhwc", channels=2, hair=1).write(tmp_path / "Hair v2.onnx")
    (row,) = json.loads(invoke("eval", str(file), "--data", "drawn", "--json").output)
    assert (row["iou"]["value"] > 0.85, row["runtime"]) == (True, "onnxruntime")
    assert (row["input"]["layout"], row["why"]["layout"]) == ("nhwc", "from the file")
    told = " ".join(invoke("eval", str(file), "--data", "drawn").output.split())
    assert "--channel 1 a guess" in told
    assert f"next: {row['next']}" in told
    assert not drawn.imported.exists()
    # What is printed keeps it, and scores the same.
    invoke(*shlex.split(row["next"])[1:])
    (again,) = json.loads(invoke("eval", "hair_v2", "--data", "drawn", "--json").output)
    assert again["iou"] == row["iou"]
    # What cannot be guessed is asked for by the command that can be told it.
    many = Segmenter(channels=3, ends_in="Softmax").write(tmp_path / "many.onnx")
    asked = invoke("eval", str(many), "--data", "drawn", status=1).output
    assert f"bench import {many} --name many --channel N" in asked


@pytest.mark.parametrize(("way", "option", "value"), WRONG)
def test_a_wrong_property_shows_in_the_iou(
    drawn: Home, tmp_path: Path, way: str, option: str, value: str
) -> None:
    assert imported(tmp_path, way, option, value) < 0.6


def test_what_was_guessed_is_told_and_what_the_file_says_is_not_asked(
    home: Home, tmp_path: Path
) -> None:
    file = Segmenter(layout="nhwc", channels=2, hair=1, ends_in="Softmax").write(
        tmp_path / "a.onnx"
    )
    told = " ".join(invoke("import", str(file), "--name", "two").output.split())
    assert "--layout nhwc from the file" in told
    assert "--range 0..1 a guess" in told
    assert "--activation none a guess: on noise its values lie in " in told
    assert "..1 and add up to 1" in told
    assert "--channel 1 a guess" in told
    assert "bench eval two --data lfw --split validation" in told
    beside = "--model 'mnv2_slim_unet_*' --precision fp32 --runtime onnxruntime"
    assert f"bench run --model two {beside}" in told


def test_weights_beside_a_file_may_be_links(home: Home, tmp_path: Path) -> None:
    """As the caches of downloads keep them."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    model = onnx.load(Segmenter().write(tmp_path / "whole.onnx"))
    path = blobs / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    for name in ("model.onnx", "weights.bin"):
        (blobs / name).rename(blobs / f"hash-of-{name}")
        (snapshot / name).symlink_to(f"../blobs/hash-of-{name}")
    invoke("import", str(snapshot / "model.onnx"), "--name", "cached")
    assert read_imported(home, "cached").precision == "fp32"


def test_a_file_of_the_zoo_counts_the_same_when_it_is_imported(elsewhere: Home) -> None:
    spec = get(TINY)
    for key in ("onnx.fp32", "onnx.fp16", "onnx.fp16a", "tflite.int8"):
        artifact = read_manifest(elsewhere, spec).artifacts[key]
        assert artifact.accuracy is not None
        file = elsewhere.artifact(spec, artifact.format, artifact.precision)
        name = f"again_{artifact.format}_{artifact.precision}"
        told = invoke("import", str(file), "--name", name).output
        assert ("its metadata" in told) == (artifact.format == "tflite")
        invoke("eval", "--model", name, "--data", "drawn")
        model, found = read_imported(elsewhere, name), read_evaluations(elsewhere, name).shown
        assert found is not None
        assert (model.precision, model.sha256) == (artifact.precision, artifact.sha256)
        ours = read_counts(elsewhere.imported_folder(name) / found.counts_file)
        theirs = read_counts(elsewhere.artifact_folder(spec) / artifact.accuracy.counts_file)
        assert ours == theirs


def import_theirs(folder: Path) -> str:
    """And evaluate it; its name."""
    name = "my_unet_1_64"
    invoke("import", str(Segmenter().write(folder / "theirs.onnx")), "--name", name)
    invoke("eval", name, "--data", "drawn")
    return name


def test_it_stands_beside_the_zoo_in_everything(elsewhere: Home, tmp_path: Path) -> None:
    name = import_theirs(tmp_path)
    shutil.rmtree(elsewhere.results)
    invoke("run", "--model", name, "--model", TINY, "--runtime", "onnxruntime", *PASSES)
    printed = invoke("report").output
    rows = {r.model: r for r in load(elsewhere).rows if r.facet.runtime == "onnxruntime"}
    theirs, ours = rows[name], rows[TINY]
    assert theirs.facet == ours.facet
    assert theirs.on_front
    assert theirs.joined.iou is not None
    assert iou_difference(theirs, ours) is not None
    # A mark of its own, and nothing of a variant's.
    assert (look(theirs), theirs.label) == (IMPORTED, name)
    assert look(ours) != IMPORTED
    assert (theirs.complexity, theirs.complexity_reason) == (None, "an imported file")
    page = (elsewhere.report / "index.html").read_text()
    assert IMPORTED[0] in page
    assert IMPORTED[0] in (elsewhere.report / "pareto.svg").read_text()
    assert name in printed
    picked = json.loads(invoke("pick", "--device", "host", "--max-latency", "1s", "--json").output)
    assert name in {picked["choice"]["model"], picked["runner_up"]["model"]}
    card = Path(invoke("card", "--model", name).output.strip()).read_text()
    assert "no variant of this zoo" in card
    assert theirs.joined.iou.text in card
    assert f"{theirs.p50_ms.value:.3f}" in card
    (listed,) = json.loads(invoke("models", "--model", "my_*", "--json").output)
    assert (listed["origin"], listed["parameters"], listed["sessions"]) == ("imported", None, 6)
    assert "imported" in invoke("models", "--long", "--model", "my_*").output
    photograph = tmp_path / "photo.png"
    image, mask = portrait(3, side=200)
    image.save(photograph)
    invoke("predict", str(photograph), "--model", name)
    with Image.open(tmp_path / f"photo.png.{name}.png") as tinted:
        changed = (np.asarray(tinted.convert("RGB")) != np.asarray(image)).any(axis=2)
    labelled = (np.asarray(mask) == (255, 0, 0)).all(axis=2)
    assert (changed & labelled).sum() / (changed | labelled).sum() > 0.9
    told = invoke("explain", name, status=1).output
    assert f"bench predict PHOTOGRAPH --model {name}" in told
    compared = invoke("compare", name, TINY, "--runtime", "onnxruntime", "--stored").output
    assert f"{name}: p50" in compared


def test_what_was_timed_and_what_was_evaluated_are_one_file(drawn: Home, tmp_path: Path) -> None:
    name = import_theirs(tmp_path)
    invoke("run", "--model", name, *PASSES)
    again = ("import", str(tmp_path / "theirs.onnx"), "--name", name, "--force")
    # Read in another way, its IoU is not known any more.
    invoke(*again, "--threshold", "0.7")
    (row,) = [row for row in load(drawn).rows if row.model == name]
    assert (row.joined.orphan, row.joined.iou) == (None, None)
    assert row.joined.remedy == f"bench eval --model {name} --data lfw"
    # Of another file, nothing that was measured says anything.
    Segmenter(channels=2, ends_in="Softmax").write(tmp_path / "theirs.onnx")
    invoke(*again, "--channel", "0")
    (row,) = [row for row in load(drawn).rows if row.model == name]
    assert "imported anew" in str(row.joined.orphan)


def test_a_file_that_was_changed_since_is_refused(drawn: Home, tmp_path: Path) -> None:
    name = import_theirs(tmp_path)
    file = drawn.imported_file(name, "onnx")
    file.write_bytes(file.read_bytes() + b"\n")
    photograph = tmp_path / "photo.png"
    portrait(0)[0].save(photograph)
    for words in (
        ("eval", name, "--data", "drawn"),
        ("run", "--model", name, *PASSES),
        ("predict", str(photograph), "--model", name),
    ):
        told = invoke(*words, status=1).output
        assert "was changed since it was imported" in told
        assert f"bench import FILE --name {name} --force" in told


def test_a_record_that_is_wrong_is_refused_with_what_is_wrong(drawn: Home, tmp_path: Path) -> None:
    name = import_theirs(tmp_path)
    path = record_path(drawn, name)
    sound = json.loads(path.read_text())
    wrong: dict[str, dict[str, object]] = {
        "output.threshold: Input should be a finite number": {"threshold": float("nan")},
        "output: threshold 2 is not between 0 and 1": {"activation": "sigmoid", "threshold": 2},
        "output.nonsense": {"nonsense": 1},
        "has 1 channels there": {"channel": 7},
        "has 1 outputs": {"index": 3},
        "gives [1, 1, 64, 64]": {"layout": "nhwc"},
    }
    for told, edit in wrong.items():
        path.write_text(json.dumps({**sound, "output": {**sound["output"], **edit}}))
        output = " ".join(invoke("eval", name, "--data", "drawn", status=1).output.split())
        assert told in output or "is broken" in output, output
        assert f"bench import FILE --name {name} --force" in output
    path.write_text(json.dumps({**sound, "input": {**sound["input"], "height": 32}}))
    assert "one input of [1, 3, 32, 64]" in invoke("eval", name, "--data", "drawn", status=1).output
    path.write_text("{")
    # The others are not held up by it.
    assert TINY in invoke("models", "--model", TINY).output


@pytest.mark.parametrize(
    "name",
    ["../x", "/tmp/x", "", ".", "a/b", "A", "x.onnx", "x\n", "mnv2_unet_9", TINY],
)
def test_a_hostile_name_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    file = Segmenter().write(tmp_path / "a.onnx")
    assert "cannot name" in (
        told := invoke("import", str(file), "--name", name, status=1).output
    ) or ("as the zoo's own variants do" in told)
    assert not home.imported.exists() or not [*home.imported.rglob("*.json")]


def test_a_file_that_cannot_be_imported_is_told_with_what_to_do(home: Home, tmp_path: Path) -> None:
    def told(file: Path, *words: str) -> str:
        return invoke("import", str(file), "--name", "x", *words, status=1).output

    assert "2 inputs: picture, index" in told(write_two_inputs(tmp_path / "two.onnx"))
    assert "an input of [1, 8]" in told(write_not_a_number(tmp_path / "nan.onnx"))
    assert "an input of [1, 16, 96, 96]" in told(write_convolutions(tmp_path / "c.onnx"))
    free = write_free_shape(tmp_path / "free.onnx")
    assert "--size 256" in told(free)
    assert "--channel N" in told(free, "--size", "32")
    assert "takes pictures of 64x64" in told(Segmenter().write(tmp_path / "s.onnx"), "--size", "32")
    two = Segmenter(decoys=1).write(tmp_path / "decoy.onnx")
    assert "--output N" in told(two)
    assert "is no mask" in told(two, "--output", "7")
    assert "mean 104, 104, 104 is not within range 0..1" in told(
        two, "--output", "1", "--range", "0..1", "--mean", "104"
    )
    for name, content in {"a.onnx": b"no model", "a.tflite": b"no model", "e.onnx": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert name in told(tmp_path / name)
    assert "is no model file" in told(tmp_path / "a.txt")
    assert "is no folder" in told(tmp_path / "a.mlpackage")
    assert not list(home.imported.glob("[!.]*"))
