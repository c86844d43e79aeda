"""The card of a variant, and the snippet in it, run as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import made
import numpy as np
from commands import TINY, Chain, invoke
from own_models import Segmenter
from PIL import Image
from recorded import sessions

from bench.sessions.store import write_session
from reports.gather.unmeasured import remedy
from reports.load import load
from reports.page.payload import payload
from reports.text.card import latencies
from train.synthetic.scene import portrait
from zoo.artifact.manifest import Artifact, Manifest, read_manifest, write_manifest
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path
from zoo.home import Home
from zoo.imported.record import read_imported
from zoo.registry import get
from zoo.resizing import mask_at, to_input
from zoo.runtime.runtime import open_model

SPEC = get(TINY)


def test_the_card_holds_what_is_known_of_each_file(in_chain: Chain) -> None:
    [path] = invoke("card", "--model", TINY).output.split()
    card = Path(path).read_text()
    for key, artifact in read_manifest(in_chain.home, SPEC).artifacts.items():
        [line] = [each for each in card.splitlines() if each.startswith(f"| {key} |")]
        if artifact.accuracy is None:
            assert str(artifact.accuracy_reason) in line
        else:
            assert f"{artifact.accuracy.judgement.iou.value:.3f} (too few images" in line
    assert "onnxruntime" in card.partition("## Latency")[2]
    assert "seed: 0" in card
    assert "```swift" in card
    assert "```kotlin" in card
    assert "$" not in card


def test_latencies_are_of_the_files_that_lie_here_and_say_how_they_were_measured(
    home: Home,
) -> None:
    made.store(home, [made.device("a stand-in", emulated=True)], made.SPECS[:1])
    [row] = made.report(home).rows
    told = latencies(row.model, [row])
    assert "| EMULATED a stand-in |" in told
    assert f"| {row.facet.protocol} |" in told
    gone = replace(row, joined=replace(row.joined, orphan="its file is gone"))
    assert latencies(row.model, [gone]).startswith("None yet. Next: bench run --model")


def test_files_of_other_weights_have_no_figures(home: Home) -> None:
    invoke("weights", "take", "--model", TINY)
    both = [
        Artifact(
            model=TINY,
            format="onnx",
            precision=precision,
            sha256="0" * 64,
            size_bytes=1,
            checkpoint_sha256=weights,
            code_sha256="0" * 64,
            tools={},
            exported_at=made.FIRST,
            commit=None,
            parity_reason="none",
            accuracy_reason="no photographs",
        )
        for precision, weights in (
            ("fp32", sha256_of(checkpoint_path(home, SPEC))),
            ("fp16", "0" * 64),
        )
    ]
    artifacts = {each.key: each for each in both}
    write_manifest(home, SPEC, Manifest(model=TINY, artifacts=artifacts))
    [path] = invoke("card", "--model", TINY).output.split()
    lines = Path(path).read_text().splitlines()
    assert f"| onnx.fp16 | 0.00 | of other weights: bench export --model {TINY} | | | |" in lines
    assert "| onnx.fp32 | 0.00 | not measured: no photographs |  |  | not measured |" in lines


def test_a_model_that_was_imported_anew_is_called_by_its_name(home: Home, tmp_path: Path) -> None:
    invoke("import", str(Segmenter().write(tmp_path / "a.onnx")), "--name", "selfie")
    now = read_imported(home, "selfie").sha256
    for session, content in zip(sessions(), (now, "1" * 64), strict=True):
        file = {"model": "selfie", "size": None, "artifact_sha256": content}
        asked = session.request.model_copy(update=file)
        write_session(home, session.model_copy(update={"request": asked}))
    names = {f"selfie ({now[:8]})", "selfie (11111111)"}
    rows = load(home).rows
    assert {row.model for row in rows} == names
    beside = f"--precision fp32 --model {TINY} --reference {TINY}"
    told = remedy("relative", rows[0])
    assert told.startswith("bench run --model selfie --device host --runtime onnxruntime ")
    assert told.endswith(beside)
    assert "bench card --model selfie\n" in invoke("report").output
    page = payload(load(home))
    assert {row[page["names"].index("typed")] for row in page["rows"]} == {"selfie"}
    card = Path(invoke("card", "--model", "selfie").output.strip()).read_text()
    [_, latency] = card.split("## Latency seen so far")
    assert latency.count("| onnxruntime 1.0 |") == 1, "of the file of now"


def test_every_file_is_fed_by_its_python_snippet(in_chain: Chain, tmp_path: Path) -> None:
    [path] = invoke("card", "--model", TINY).output.split()
    artifacts = read_manifest(in_chain.home, SPEC).artifacts.values()
    for artifact in artifacts:
        if artifact.format != "coreml":
            fed_alike(in_chain.home, Path(path).read_text(), artifact, tmp_path / artifact.key)


def test_int8_ends_are_fed_with_their_scale(elsewhere: Home, tmp_path: Path) -> None:
    words = ("--model", TINY, "--format", "tflite", "--precision", "int8", "--io", "int8")
    invoke("export", *words)
    [path] = invoke("card", "--model", TINY).output.split()
    card = Path(path).read_text()
    fed_alike(elsewhere, card, read_manifest(elsewhere, SPEC).artifacts["tflite.int8"], tmp_path)
    model = open_model(elsewhere.artifact(SPEC, "tflite", "int8"), "litert", 1)
    stored = model.inputs[0].scale
    assert stored
    assert f"const val INPUT_SCALE = {stored.step:.9g}f" in card
    assert f"const val INPUT_ZERO = {stored.zero}" in card


def fed_alike(home: Home, card: str, artifact: Artifact, folder: Path) -> None:
    """As it stands there, but for the file's name, it gives the mask that is ours."""
    model = home.artifact(SPEC, artifact.format, artifact.precision)
    [section] = [s for s in card.split("\n### ") if f"`{model.name}`" in s]
    [first] = re.findall(r"Of `([^`]+)`", section)
    [snippet] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert snippet.count(first) == 1
    folder.mkdir(exist_ok=True)
    shutil.copy(model, folder)
    portrait(0, 1)[0].save(folder / "photo.jpg", quality=95)
    done = subprocess.run(
        [sys.executable, "-c", snippet.replace(first, model.name)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(folder / "mask.png"))
    again = Image.open(folder / "photo.jpg")
    runtime = "litert" if artifact.format == "tflite" else "onnxruntime"
    ours = open_model(model, runtime, 1).predict(to_input(again, SPEC.size))[0]
    assert np.mean(found == mask_at(ours, *again.size)) > 0.999


def test_no_file_is_named_that_is_not_there(elsewhere: Home) -> None:
    """Neither one that was never made, nor one that is gone."""
    manifest = read_manifest(elsewhere, SPEC)
    kept = {k: a for k, a in manifest.artifacts.items() if a.precision in ("fp32", "int8", "pal6")}
    write_manifest(elsewhere, SPEC, manifest.model_copy(update={"artifacts": kept}))
    elsewhere.artifact(SPEC, "onnx", "fp32").unlink()
    [path] = invoke("card", "--model", TINY).output.split()
    fed = Path(path).read_text().partition("## How to feed it")[2]
    named = set(re.findall(rf"{re.escape(TINY)}\.\w+\.\w+", fed))
    there = {"fp32.tflite", "int8.tflite", "int8.onnx", "fp32.mlpackage", "pal6.mlpackage"}
    assert named == {f"{TINY}.{name}" for name in there}
    assert f'forResource: "{TINY}.fp32"' in fed
    write_manifest(elsewhere, SPEC, manifest.model_copy(update={"artifacts": {}}))
    [path] = invoke("card", "--model", TINY).output.split()
    assert "```python" not in Path(path).read_text()
    assert f"bench export --model {TINY}" in Path(path).read_text()
