"""Proves an exported file: parity with torch, and the accuracy of the very file."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from typing import Final

from PIL import Image
from tqdm import tqdm

from train.dataset import Dataset
from train.evaluate import Predict, evaluate, torch_predictor
from train.synthetic.scene import portrait
from zoo import parity
from zoo.checkpoint import CheckpointRecord, checkpoint_path, load, read_record
from zoo.errors import MissingStep
from zoo.files import Home, sha256_of
from zoo.iou import write_counts
from zoo.manifest import Accuracy, Artifact, Parity, verified
from zoo.preprocess import to_input
from zoo.runtime import RUNTIMES, open_model, why_not
from zoo.spec import ModelSpec

PARITY_IMAGES = 16
PARITY_SEED = 0
SPLIT: Final = "validation"


def dataset_of(home: Home, record: CheckpointRecord) -> tuple[Dataset | None, str]:
    """The data set a checkpoint was chosen on, or None with the reason."""
    name = record.split.dataset
    try:
        dataset = Dataset.open(home, name)
    except MissingStep:
        return None, f"the data set {name!r} of the checkpoint is not here"
    if dataset.record.sha256 != record.split.sha256:
        return None, f"the data set {name!r} here is not the one of the checkpoint"
    return dataset, ""


def is_proved(home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset | None) -> bool:
    """Whether there is nothing more to find out about the file on this machine."""
    runtime, reason = _runtime_for(artifact)
    if runtime is None:
        return artifact.parity is not None or artifact.parity_reason == reason
    if artifact.parity is None:
        return False
    if artifact.accuracy is None:
        return dataset is None
    counts = home.artifact_folder(spec) / artifact.accuracy.counts_file
    return counts.is_file() and sha256_of(counts) == artifact.accuracy.counts_sha256


def prove(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset | None, no_data: str
) -> Artifact:
    """The artifact with its parity and accuracy, each measured or null with the reason.

    Stores the per-image counts beside the file. dataset None, or a format that this machine can
    not run, leaves nulls; the reasons say which.
    """
    runtime, reason = _runtime_for(artifact)
    if runtime is None:
        return _with(artifact, parity_reason=reason, accuracy_reason=reason)
    path = verified(home, spec, artifact)
    predict = open_model(path, runtime, os.cpu_count() or 1).predict
    proved = _with(artifact, parity=_parity(home, spec, predict, dataset), accuracy_reason=no_data)
    if dataset is None:
        return proved
    accuracy = _accuracy(home, spec, artifact, runtime, predict, dataset)
    return _with(proved, parity=proved.parity, accuracy=accuracy)


def _parity(home: Home, spec: ModelSpec, predict: Predict, dataset: Dataset | None) -> Parity:
    network, _ = load(checkpoint_path(home, spec))
    if dataset is None:
        images = [to_input(image, spec.size) for image in _portraits()]
        source = "drawn portraits"
    else:
        items = dataset.items(SPLIT)[:PARITY_IMAGES]
        images = [to_input(dataset.photograph(item), spec.size) for item in items]
        source = f"{dataset.record.name} {SPLIT}"
    return parity.compare(torch_predictor(network), predict, images, source)


@functools.cache
def _portraits() -> list[Image.Image]:
    """The same on every machine, and nobody's."""
    return [portrait(PARITY_SEED, index)[0] for index in range(PARITY_IMAGES)]


def _accuracy(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    runtime: str,
    predict: Predict,
    dataset: Dataset,
) -> Accuracy:
    def progress(steps: Iterable[int]) -> Iterable[int]:
        label = f"{spec.name} {artifact.key}"
        return tqdm(steps, desc=label, unit="image", leave=False, disable=None)

    target = str(read_record(checkpoint_path(home, spec)).config["target"])
    items = dataset.items(SPLIT)
    counts = evaluate(predict, dataset, items, size=spec.size, target=target, progress=progress)
    file = home.artifact_folder(spec) / f"{spec.name}.{artifact.key}.counts.csv"
    write_counts(file, counts)
    return Accuracy(
        dataset=dataset.record.name,
        split=SPLIT,
        split_sha256=dataset.record.sha256,
        runtime=runtime,
        images=len(counts),
        counts_file=file.name,
        counts_sha256=sha256_of(file),
    )


def _runtime_for(artifact: Artifact) -> tuple[str | None, str]:
    """The first runtime here that opens the format, or None with the reason."""
    reason = "no runtime opens it"
    for name, runtime in RUNTIMES.items():
        if runtime.format == artifact.format:
            found = why_not(name)
            if found is None:
                return name, ""
            reason = found
    return None, reason


def _with(artifact: Artifact, **changes: object) -> Artifact:
    cleared = {"parity": None, "parity_reason": None, "accuracy": None, "accuracy_reason": None}
    return Artifact.model_validate(artifact.model_dump() | cleared | changes)
