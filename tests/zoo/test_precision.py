"""Files in other precisions: how right they are, and what is refused."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from commands import TINY, Chain, invoke
from recorded import recorded, request, sessions

from bench.sessions.store import read_all, write_session
from reports.load import load
from reports.precision import costs, precision_markdown
from train.data.dataset import Dataset
from train.proof.calibrate import calibrate
from zoo.artifact.calibration import calibration_path, read_calibration
from zoo.artifact.manifest import manifest_path, read_manifest
from zoo.base.errors import DataError
from zoo.base.files import sha256_of
from zoo.export.targets import TARGETS
from zoo.home import Home
from zoo.registry import get
from zoo.runtime.runtime import open_model

SPEC = get(TINY)
RUNNABLE = [t for t in TARGETS if t.precision != "fp32"]


@pytest.mark.parametrize("target", RUNNABLE, ids=lambda t: t.key)
def test_each_is_smaller_than_fp32_and_nearly_as_right(chain: Chain, target: object) -> None:
    artifacts = read_manifest(chain.home, SPEC).artifacts
    artifact = artifacts[target.key]  # type: ignore[attr-defined]
    whole = artifacts[f"{artifact.format}.fp32"]
    assert artifact.size_bytes < 0.6 * whole.size_bytes
    assert artifact.accuracy is not None
    judged = artifact.accuracy.judgement
    assert abs(judged.difference.value) < 0.02
    assert artifact.parity is not None
    assert artifact.parity.mean_abs_difference < 0.03


def test_int8_is_scaled_by_recorded_photographs(chain: Chain) -> None:
    stored = read_calibration(calibration_path(chain.home, SPEC)).source
    assert (stored.through, stored.dataset, stored.seed) == ("photographs", "drawn", 0)
    assert stored.images == len(Dataset.open(chain.home, "drawn").items("train"))
    for key in ("onnx.int8", "tflite.int8"):
        assert read_manifest(chain.home, SPEC).artifacts[key].calibration == stored


def test_a_data_set_without_training_photographs_calibrates_nothing(elsewhere: Home) -> None:
    dataset = Dataset.open(elsewhere, "drawn")
    only = tuple(dataset.items("validation"))
    empty = Dataset(dataset.folder, dataset.record.model_copy(update={"items": only}))
    path = calibration_path(elsewhere, SPEC)
    path.unlink()
    with pytest.raises(DataError, match="no training photographs to calibrate by"):
        calibrate(elsewhere, SPEC, empty)
    assert not path.exists()


def test_int8_ends_are_asked_for_and_predict_the_same(elsewhere: Home) -> None:
    path = elsewhere.artifact(SPEC, "tflite", "int8")
    image = np.random.default_rng(0).random((1, 3, 128, 128), dtype=np.float32)
    floats = open_model(path, "litert", 1).predict(image)
    words = ("--model", TINY, "--format", "tflite", "--precision", "int8", "--io", "int8")
    assert "tflite int8" in invoke("export", *words).output
    assert Interpreter(str(path)).get_input_details()[0]["dtype"] is np.int8
    assert np.abs(open_model(path, "litert", 1).predict(image) - floats).mean() < 0.02
    assert read_manifest(elsewhere, SPEC).artifacts["tflite.int8"].io == "int8"


def test_eval_counts_with_the_file_and_says_what_it_lost(elsewhere: Home) -> None:
    words = ("eval", "--model", TINY, "--format", "tflite", "--precision", "int8")
    [row] = json.loads(invoke(*words, "--data", "drawn", "--json").output)
    assert abs(row["difference"]["value"]) < 0.02
    assert row["bound"] == 0.01
    trained = json.loads(invoke(*words, "--data", "drawn", "--split", "train", "--json").output)
    assert trained[0]["images"] == len(Dataset.open(elsewhere, "drawn").items("train"))
    assert "drawn train" in read_manifest(elsewhere, SPEC).artifacts["tflite.int8"].others
    coreml = invoke("eval", "--model", TINY, "--format", "coreml", "--data", "drawn").output
    # Once, and not for each of the five.
    assert coreml.count("IoU is by the reference interpreter, in place of Core ML") == 1
    assert coreml.count("coreml ") == 5


def test_counts_of_torch_that_were_edited_are_counted_again(elsewhere: Home) -> None:
    accuracy = read_manifest(elsewhere, SPEC).artifacts["onnx.fp32"].accuracy
    assert accuracy
    path = elsewhere.artifact_folder(SPEC) / accuracy.torch_counts_file
    # As if torch had found no hair: whatever the file finds is a gain.
    head, *rows = path.read_text().splitlines()
    none = [",".join([image, "0", "0", labelled]) for image, _, _, labelled in map(split, rows)]
    path.write_text("\n".join([head, *none]) + "\n")
    words = ("--model", TINY, "--format", "onnx", "--precision", "fp32", "--data", "drawn")
    invoke("eval", *words)
    assert sha256_of(path) == accuracy.torch_counts_sha256
    assert read_manifest(elsewhere, SPEC).artifacts["onnx.fp32"].accuracy == accuracy


def split(row: str) -> list[str]:
    return row.split(",")


def lose(home: Home, key: str, points: float, images: int = 500) -> None:
    """Let the manifest say that a file lost so much, on so many images."""
    path = manifest_path(home, SPEC)
    stored = json.loads(path.read_bytes())
    difference = {"value": -points / 100, "low": -points / 100, "high": -points / 100}
    accuracy = stored["artifacts"][key]["accuracy"]
    accuracy["judgement"]["difference"] = difference
    accuracy["images"] = images
    path.write_text(json.dumps(stored))


def test_a_rejected_file_is_not_timed_unless_forced(elsewhere: Home) -> None:
    lose(elsewhere, "onnx.int8", 3.0)
    words = ("run", "--model", TINY, "--runtime", "onnxruntime", "--precision", "int8")
    brief = ("--sessions", "1", "--max-sessions", "1", "--rounds", "4")
    refused = invoke(*words, *brief, status=1).output
    assert "rejected: its IoU is 3.00 points below torch's, 1.00 are allowed" in refused
    assert "bench explain" in refused
    invoke(*words, *brief, "--force")
    [row] = [row for row in load(elsewhere).rows if row.facet.precision == "int8"]
    assert row.joined.rejected
    assert not row.on_front
    assert "REJECTED" in invoke("models", "--long", "--model", TINY).output


def test_few_images_reject_nothing(elsewhere: Home) -> None:
    lose(elsewhere, "onnx.int8", 30.0, images=6)
    words = ("run", "--model", TINY, "--runtime", "onnxruntime", "--precision", "int8")
    invoke(*words, "--sessions", "1", "--max-sessions", "1", "--rounds", "4")
    told = invoke("models", "--long", "--model", TINY).output
    assert "REJECTED" not in told
    assert "not judged: 6 images are too few to judge by: 20 are needed" in " ".join(told.split())


def store_recorded(home: Home, shares: dict[str, float]) -> None:
    """Six rounds on a recorded phone: the sessions of each precision take so much of fp32's time,
    a tenth of which wanders from round to round for all alike."""
    for precision, share in shares.items():
        artifact = read_manifest(home, SPEC).artifacts[f"onnx.{precision}"]
        update = {"precision": precision, "artifact_sha256": artifact.sha256}
        for session in sessions(6):
            name = f"{precision} {session.round}".encode()
            wandering = 5.0 * share * (1 + 0.02 * session.round)
            parts = {
                "id": hashlib.sha256(name).hexdigest()[:12],
                "batch": "a" * 12,
                "request": request().model_copy(update=update),
                "run": recorded(wandering),
            }
            write_session(home, session.model_copy(update=parts))


def test_the_report_tells_what_precision_costs(elsewhere: Home) -> None:
    assert costs(load(elsewhere)) == []
    store_recorded(elsewhere, {"fp32": 1.0, "int8": 0.8})
    report = load(elsewhere)
    [cost] = costs(report)
    assert (cost.row.facet.precision, cost.baseline.facet.precision) == ("int8", "fp32")
    assert cost.latency is not None
    assert cost.latency.value == pytest.approx(0.8, rel=1e-3)
    assert cost.latency.low == pytest.approx(0.8, rel=1e-3)
    assert cost.size is not None
    assert 0.2 < cost.size < 0.6
    assert cost.row.joined.iou_change is not None
    assert f"| {TINY} | int8 | 0.80 [0.80, 0.80]" in precision_markdown(report)
    invoke("report")
    assert (elsewhere.report / "precision.png").stat().st_size > 10_000
    assert (elsewhere.report / "precision.csv").read_text().count(TINY) == 1


def test_files_timed_in_other_rounds_have_no_ratio(elsewhere: Home) -> None:
    store_recorded(elsewhere, {"fp32": 1.0})
    first = [session for session in read_all(elsewhere).sessions if session.batch == "a" * 12]
    artifact = read_manifest(elsewhere, SPEC).artifacts["onnx.int8"]
    changed = {"precision": "int8", "artifact_sha256": artifact.sha256}
    for number, session in enumerate(first):
        other = {"id": f"{number:012x}", "batch": "b" * 12}
        later = session.model_copy(
            update={**other, "request": session.request.model_copy(update=changed)}
        )
        write_session(elsewhere, later)
    [cost] = costs(load(elsewhere))
    assert cost.latency is None
    assert "no rounds of both that count" in precision_markdown(load(elsewhere))


def test_a_changed_file_is_neither_counted_nor_overwritten(elsewhere: Home) -> None:
    path = elsewhere.artifact(SPEC, "onnx", "int8")
    path.write_bytes(path.read_bytes()[:-100])
    weights = elsewhere.artifact(SPEC, "coreml", "fp16") / "Data/com.apple.CoreML/weights"
    (weights / "weight.bin").unlink()
    before = manifest_path(elsewhere, SPEC).read_bytes()
    words = ("--model", TINY, "--format", "onnx", "--precision", "int8", "--data", "drawn")
    output = invoke("eval", *words, "--force", status=1).output
    assert "was changed" in output
    assert "bench export --force" in output
    assert manifest_path(elsewhere, SPEC).read_bytes() == before
    assert "is in no manifest" in invoke("explain", str(path), status=1).output
    again = ("export", "--model", TINY, "--format", "coreml", "--precision", "fp16")
    assert "coreml fp16" in invoke(*again).output
    assert (weights / "weight.bin").is_file()
