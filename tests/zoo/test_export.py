"""Exported files: real ones, by the real exporters."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from commands import TINY, Chain, bench_process, exporters, invoke, running

from train.proof.photographs import Photographs
from train.proof.prove import is_proved, prove
from zoo.artifact.calibration import calibration_path
from zoo.artifact.iou import pooled, read_counts
from zoo.artifact.manifest import manifest_path, read_manifest, verified
from zoo.base.errors import ArtifactError, ExportFailed, MissingStep, UnknownName, WeightsError
from zoo.base.files import sha256_of, size_bytes
from zoo.checkpoint import checkpoint_path, load, read_record, save
from zoo.export.run import export
from zoo.export.targets import TARGETS, Target, targets
from zoo.home import Home
from zoo.registry import get

SPEC = get(TINY)
EVERY = [(SPEC, target) for target in TARGETS]
RUNNABLE = ("onnx.fp32", "tflite.fp32", "tflite.fp16")


def path_of(home: Home, target: Target) -> Path:
    return home.artifact(SPEC, target.format, target.precision)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.key)
def test_manifest_matches_the_file(chain: Chain, target: Target) -> None:
    artifact = read_manifest(chain.home, SPEC).artifacts[target.key]
    path = path_of(chain.home, target)
    assert (artifact.sha256, artifact.size_bytes) == (sha256_of(path), size_bytes(path))
    assert artifact.checkpoint_sha256 == sha256_of(checkpoint_path(chain.home, SPEC))
    assert set(artifact.tools) == set(target.tools)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made, here and by exporters."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_same_weights_give_the_same_bytes_and_leave_nothing(
    chain: Chain, tmp_path: Path, temporary: Path
) -> None:
    (temporary / f"bench-exporter-{nobody()}-of-a-killed-one").mkdir()
    again = Home(root=tmp_path / "again")
    shutil.copytree(chain.home.root / "checkpoints", again.root / "checkpoints")
    again.artifact_folder(SPEC).mkdir(parents=True)
    shutil.copy(calibration_path(chain.home, SPEC), again.artifact_folder(SPEC))
    first = read_manifest(chain.home, SPEC).artifacts
    # One exporter for each format, as the chain has.
    for format in ("onnx", "tflite", "coreml"):
        for _, target, outcome in export(again, [(SPEC, t) for t in targets([format])], jobs=1):
            assert not isinstance(outcome, ExportFailed), outcome
            assert outcome.sha256 == first[target.key].sha256, target.key
    assert list(temporary.iterdir()) == []


def nobody() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen(["true"]) as process:
        return process.pid


def test_onnx_is_one_file_with_the_contract_and_no_paths(chain: Chain) -> None:
    path = chain.home.artifact(SPEC, "onnx", "fp32")
    model = onnx.load(str(path), load_external_data=False)
    (given,), (result,) = model.graph.input, model.graph.output
    shape = [d.dim_value for d in given.type.tensor_type.shape.dim]
    assert (given.name, result.name, shape) == ("image", "mask", [1, 3, 128, 128])
    assert not any(t.external_data for t in model.graph.initializer)
    assert b"/site-packages/" not in path.read_bytes()
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


def test_tflite_is_nhwc_at_both_ends_by_name(chain: Chain) -> None:
    path = chain.home.artifact(SPEC, "tflite", "fp32")
    interpreter = Interpreter(model_path=str(path))
    signature = interpreter.get_signature_list()["serving_default"]
    assert signature == {"inputs": ["image"], "outputs": ["mask"]}
    assert interpreter.get_input_details()[0]["shape"].tolist() == [1, 128, 128, 3]
    assert interpreter.get_output_details()[0]["shape"].tolist() == [1, 128, 128, 1]
    assert interpreter.get_input_details()[0]["dtype"] is np.float32


@pytest.mark.parametrize("key", RUNNABLE)
def test_parity_and_accuracy_are_of_the_file(chain: Chain, key: str) -> None:
    artifact = read_manifest(chain.home, SPEC).artifacts[key]
    assert artifact.parity is not None
    assert artifact.parity.source == "drawn validation"
    assert artifact.parity.max_abs_difference < (1e-4 if artifact.precision == "fp32" else 0.05)
    assert artifact.accuracy is not None
    counts = read_counts(chain.home.artifact_folder(SPEC) / artifact.accuracy.counts_file)
    assert len(counts) == artifact.accuracy.images
    trained = read_record(checkpoint_path(chain.home, SPEC)).validation_iou
    assert abs(pooled(counts) - trained) < 1e-3


def test_core_ml_is_proved_by_core_ml_or_by_the_reference(chain: Chain) -> None:
    artifacts = read_manifest(chain.home, SPEC).artifacts
    packages = [artifact for key, artifact in artifacts.items() if key.startswith("coreml.")]
    assert len(packages) == 5
    for artifact in packages:
        assert artifact.parity is not None
        assert artifact.parity.runtime in ("coreml", "mil-reference")
        assert artifact.accuracy is not None
        assert artifact.accuracy.runtime == artifact.parity.runtime


@pytest.mark.parametrize("format", ["coreml", "tflite"])
def test_fp16_is_half_the_size(chain: Chain, format: str) -> None:
    artifacts = read_manifest(chain.home, SPEC).artifacts
    assert artifacts[f"{format}.fp16"].size_bytes < 0.6 * artifacts[f"{format}.fp32"].size_bytes


def test_the_tflite_file_pads_and_normalises_nothing(chain: Chain) -> None:
    path = chain.home.artifact(SPEC, "tflite", "fp32")
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    codes = {code.builtinCode for code in model.operatorCodes}
    operators = schema.BuiltinOperator
    assert operators.CONV_2D in codes
    assert not codes & {operators.PAD, operators.SUB, operators.MUL, operators.TRANSPOSE}


def test_without_the_data_the_iou_is_null_with_the_reason(chain: Chain, tmp_path: Path) -> None:
    elsewhere = Home(root=tmp_path)
    for name in ("checkpoints", "artifacts"):
        shutil.copytree(chain.home.root / name, elsewhere.root / name)
    photographs = Photographs.of(elsewhere, SPEC)
    artifact = read_manifest(elsewhere, SPEC).artifacts["onnx.fp32"]
    proved = prove(elsewhere, SPEC, artifact, photographs)
    assert proved.accuracy is None
    assert "'drawn' of the checkpoint is not here" in (proved.accuracy_reason or "")
    assert proved.parity is not None
    assert proved.parity.source == "drawn portraits"
    assert is_proved(elsewhere, SPEC, proved, photographs)


def test_nothing_is_exported_twice(in_chain: Chain) -> None:
    manifest = manifest_path(in_chain.home, SPEC)
    before, written = manifest.read_bytes(), manifest.stat().st_mtime_ns
    invoke("export", "--model", TINY)
    assert manifest.read_bytes() == before
    assert manifest.stat().st_mtime_ns == written


def test_an_edited_file_is_noticed(chain: Chain, tmp_path: Path) -> None:
    elsewhere = Home(root=tmp_path)
    shutil.copytree(chain.home.root / "artifacts", elsewhere.root / "artifacts")
    artifact = read_manifest(elsewhere, SPEC).artifacts["onnx.fp32"]
    path = elsewhere.artifact(SPEC, "onnx", "fp32")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArtifactError, match="was changed"):
        verified(elsewhere, SPEC, artifact)


def test_a_file_of_a_replaced_checkpoint_is_judged_by_no_other(elsewhere: Home) -> None:
    path = checkpoint_path(elsewhere, SPEC)
    network, record = load(path)
    save(path, network, record.model_copy(update={"epoch": record.epoch + 1}))
    before = manifest_path(elsewhere, SPEC).read_bytes()
    file = str(elsewhere.artifact(SPEC, "onnx", "fp32"))
    for words in (("eval", "--model", TINY, "--data", "drawn"), ("explain", file)):
        refused = invoke(*words, status=1).output
        assert "the checkpoint it was exported from has been replaced" in refused
        assert f"bench export --model {TINY}" in refused
    assert manifest_path(elsewhere, SPEC).read_bytes() == before


def copied_checkpoint(chain: Chain, folder: Path) -> Home:
    shutil.copytree(chain.home.root / "checkpoints", folder / "checkpoints")
    return Home(root=folder)


def kill_exporter() -> None:
    """SIGKILL the exporting child of this process as soon as it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for exporter in exporters():
            exporter.kill()
            return
        time.sleep(0.01)


def test_an_exporter_that_dies_is_a_failure_and_leaves_nothing(
    chain: Chain, tmp_path: Path, temporary: Path
) -> None:
    home = copied_checkpoint(chain, tmp_path)
    killer = threading.Thread(target=kill_exporter)
    killer.start()
    ((_, _, outcome),) = export(home, EVERY[:1], jobs=1)
    killer.join()
    assert isinstance(outcome, ExportFailed)
    assert "died by SIGKILL" in str(outcome)
    assert [path.name for path in home.artifact_folder(SPEC).iterdir()] == ["onnx.fp32.log"]
    assert list(temporary.iterdir()) == []


def test_variants_are_proved_side_by_side_as_alone(
    chain: Chain, home: Home, portraits: Path
) -> None:
    for name in ("data", "checkpoints"):
        shutil.copytree(chain.home.root / name, home.root / name)
    other = "mnv2_slim_unet_0.35_160"
    invoke("train", "-m", other, "--data", "drawn", "--epochs", "0", "--init", "random")
    words = ("--format", "tflite", "--precision", "fp32", "--jobs", "2")
    with running(bench_process(home, "export", "-m", TINY, "-m", other, *words)) as process:
        told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told
    found = {
        name: read_manifest(home, get(name)).artifacts["tflite.fp32"] for name in (TINY, other)
    }
    alone = read_manifest(chain.home, SPEC).artifacts["tflite.fp32"].accuracy
    assert alone is not None
    accuracies = [one.accuracy for one in found.values() if one.accuracy]
    assert accuracies[0].counts_sha256 == alone.counts_sha256
    assert len(accuracies) == 2


def test_ctrl_c_ends_an_export_and_what_works_for_it(chain: Chain, tmp_path: Path) -> None:
    """It used to make the other files of the format first."""
    home = copied_checkpoint(chain, tmp_path)
    words = ("export", "-m", TINY, "--format", "coreml", "--jobs", "1")
    with running(bench_process(home, *words)) as process:
        until = time.monotonic() + 60
        while not (working := psutil.Process(process.pid).children()):
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Traceback" not in told, told
    assert not any(one.is_running() for one in working)
    assert not list(home.artifact_folder(SPEC).glob("*.mlpackage"))


def test_a_truncated_checkpoint_stops_the_export(chain: Chain, tmp_path: Path) -> None:
    home = copied_checkpoint(chain, tmp_path)
    path = checkpoint_path(home, SPEC)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(WeightsError, match=r"checkpoint\.safetensors"):
        list(export(home, EVERY, jobs=1))
    assert not home.artifact_folder(SPEC).exists()


def test_folders_of_our_names_in_the_working_folder_do_no_harm(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied_checkpoint(chain, tmp_path / "home")
    shutil.copytree(chain.home.root / "artifacts", home.root / "artifacts")
    for name in ("zoo", "devices", "bench", "reports", "train"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    process = bench_process(home, "run", "-m", TINY, "--sessions", "1", "--runtime", "litert")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_what_is_asked_for_too_early_names_the_step_before(home: Home) -> None:
    with pytest.raises(MissingStep, match="bench train --model mnv2_slim_unet_0"):
        list(export(home, EVERY, jobs=1))
    with pytest.raises(UnknownName, match="nearest: tflite"):
        targets(["tfl"])
    assert "bench export" in invoke("run", "--model", TINY, status=1).output
