"""Proves an exported file: parity with torch, and the accuracy of the very file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from PIL import Image

from train.data.dataset import Dataset, SplitName
from train.evaluate import Predict, torch_predictor
from train.proof.accuracy import check_unseen, half_accuracy, judged_again, measure_accuracy
from train.proof.photographs import Photographs
from train.synthetic.scene import portrait
from zoo.artifact import parity
from zoo.artifact.half import PRECISIONS, largest_inside
from zoo.artifact.iou import paired_difference, read_counts
from zoo.artifact.judgement import BOUNDS, Figure
from zoo.artifact.manifest import Accuracy, Artifact, Parity, Reference, verified
from zoo.artifact.neural_engine import leaving
from zoo.base.children import threads_here
from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path, load, read_record
from zoo.home import Home
from zoo.resizing import to_input
from zoo.runtime.processor import REFERENCE
from zoo.runtime.runtime import RUNTIMES, open_model, why_not
from zoo.spec import ModelSpec

PARITY_IMAGES = 16
PARITY_SEED = 0
SPLIT: Final = "validation"


def is_proved(home: Home, spec: ModelSpec, artifact: Artifact, photographs: Photographs) -> bool:
    """Whether there is nothing more to find out about the file on this machine."""
    runtime, reason = runtime_for(artifact)
    if runtime is None:
        return artifact.parity is not None or artifact.parity_reason == reason
    if artifact.parity_reason == parity.NO_NUMBERS:
        return True
    if artifact.parity is None or not _looked_at(artifact, runtime):
        return False
    dataset = photographs.dataset
    if dataset is None:
        known = {one.dataset: one for one in artifact.validated}
        names = {part.record.name: part for part in photographs.parts}
        return known.keys() >= names.keys() and all(
            _holds(home, spec, known[name], part) for name, part in names.items()
        )
    if artifact.accuracy is None:
        return False
    needed = artifact.accuracy.computed_in is not None
    half = not needed or (artifact.half is not None and _holds(home, spec, artifact.half, dataset))
    judged = _by_source(artifact.accuracy, dataset)
    return half and judged and _holds(home, spec, artifact.accuracy, dataset)


def prove(home: Home, spec: ModelSpec, artifact: Artifact, photographs: Photographs) -> Artifact:
    """The artifact with its parity and accuracy, each measured or null with the reason.

    Stores the per-image counts beside the file. No photographs, or a format that this machine can
    not run, leave nulls; the reasons say which.
    """
    runtime, reason = runtime_for(artifact)
    if artifact.precision in PRECISIONS:
        artifact = artifact.model_copy(update={"largest": _largest(home, spec)})
    if runtime is None:
        return _with(artifact, parity_reason=reason, accuracy_reason=reason)
    path = verified(home, spec, artifact)
    if artifact.format == "coreml":
        from zoo.mil.package import open_package
        from zoo.mil.program import load_program

        operations = load_program(open_package(path)).steps
        artifact = artifact.model_copy(update={"neural_engine": leaving(operations)})
    predict = open_model(path, runtime, threads_here()).predict
    try:
        found = _parity(home, spec, runtime, predict, next(iter(photographs.sets), None))
    except ArtifactError as error:
        # It is of no use; the other files may be.
        return _with(artifact, parity_reason=error.seen, accuracy_reason=error.seen)
    proved = _with(artifact, parity=found, accuracy_reason=photographs.reason)
    for dataset in photographs.sets:
        proved, _ = evaluate_file(home, spec, proved, dataset, SPLIT)
    return (
        with_reference(home, spec, proved, photographs.dataset) if runtime == "coreml" else proved
    )


def with_reference(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset | None
) -> Artifact:
    """A package that Core ML ran, with what the reference interpreter gives beside it."""
    model = open_model(verified(home, spec, artifact), REFERENCE, threads_here())
    found = Reference(parity=_parity(home, spec, REFERENCE, model.predict, dataset))
    if dataset is not None and artifact.accuracy is not None:
        allowed = artifact.accuracy.judgement.bound
        its = measure_accuracy(home, spec, artifact, REFERENCE, model, dataset, SPLIT, allowed)
        folder = home.artifact_folder(spec)
        core_ml, reference = (
            read_counts(folder / one.counts_file) for one in (artifact.accuracy, its)
        )
        change = Figure.of(paired_difference(core_ml, reference))
        found = found.model_copy(update={"accuracy": its, "difference": change})
    return artifact.model_copy(update={"reference": found})


def current(home: Home, spec: ModelSpec, artifact: Artifact) -> Path:
    """The file, as its manifest has it, and of the checkpoint that lies here; raises
    ArtifactError. Another network's masks would tell nothing of it."""
    path = verified(home, spec, artifact)
    if artifact.checkpoint_sha256 != sha256_of(checkpoint_path(home, spec)):
        raise ArtifactError(
            f"{path}: the checkpoint it was exported from has been replaced",
            expected="a file of today's checkpoint",
            remedy=f"bench export --model {spec.name}",
        )
    return path


def evaluate_file(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    dataset: Dataset,
    split: SplitName,
    bound: float | None = None,
    force: bool = False,
) -> tuple[Artifact, str | None]:
    """The artifact with its accuracy on a split, or as it was, with the reason.

    Counted already, it is only judged again. bound: how much pooled IoU it may lose.
    """
    runtime, reason = runtime_for(artifact)
    if runtime is None:
        return artifact, reason
    path = current(home, spec, artifact)
    own = read_record(checkpoint_path(home, spec)).split
    if split == SPLIT:
        check_unseen(home, spec, own, dataset)
    allowed = BOUNDS[artifact.precision] if bound is None else bound
    known = artifact.accuracy_on(dataset.record.name, split)
    if (
        known is not None
        and not force
        and not _superseded(known.runtime, runtime)
        and _holds(home, spec, known, dataset)
    ):
        found = judged_again(home, spec, known, dataset, allowed)
    else:
        model = open_model(path, runtime, threads_here())
        found = measure_accuracy(home, spec, artifact, runtime, model, dataset, split, allowed)
    if split == SPLIT and own.sha256 == dataset.record.sha256:
        half = half_accuracy(home, spec, dataset, split, allowed) if found.computed_in else None
        whole = {"accuracy": found, "accuracy_reason": None, "half": half}
        return artifact.model_copy(update=whole), None
    told: dict[str, object] = {
        "others": artifact.others | {f"{dataset.record.name} {split}": found}
    }
    if dataset.record.sha256 in own.parts.values():
        told["parts"] = tuple(sorted({*artifact.parts, dataset.record.name}))
    return artifact.model_copy(update=told), None


def _largest(home: Home, spec: ModelSpec) -> float:
    from zoo.export.fold import folded

    network, _ = load(checkpoint_path(home, spec))
    return largest_inside(folded(network), spec.size)


def _holds(home: Home, spec: ModelSpec, accuracy: Accuracy, dataset: Dataset) -> bool:
    """Whether the stored counts are whole, and of these photographs."""
    folder = home.artifact_folder(spec)
    files = (
        (accuracy.counts_file, accuracy.counts_sha256),
        (accuracy.torch_counts_file, accuracy.torch_counts_sha256),
    )
    whole = all((folder / n).is_file() and sha256_of(folder / n) == sha for n, sha in files)
    return whole and accuracy.split_sha256 == dataset.record.sha256_of(accuracy.split)


def _by_source(accuracy: Accuracy, dataset: Dataset) -> bool:
    """Whether each part of a joined data set was judged alone, which older manifests lack."""
    return bool(accuracy.sources) == any(one.source for one in dataset.items(accuracy.split))


def _looked_at(artifact: Artifact, runtime: str) -> bool:
    """A package: by Core ML itself where that is here, and for what leaves the Neural Engine."""
    if artifact.format != "coreml":
        return True
    ran = artifact.parity.runtime if artifact.parity else None
    beside = ran != "coreml" or artifact.reference is not None
    return not _superseded(ran, runtime) and beside and artifact.neural_engine is not None


def _superseded(ran: str | None, runtime: str) -> bool:
    """What the reference gave, where Core ML itself is. What that gave elsewhere holds here."""
    return ran == REFERENCE and runtime != REFERENCE


def _parity(
    home: Home, spec: ModelSpec, runtime: str, predict: Predict, dataset: Dataset | None
) -> Parity:
    network, _ = load(checkpoint_path(home, spec))
    if dataset is None:
        images = [to_input(image, spec.size) for image in _portraits()]
        source = "drawn portraits"
    else:
        items = dataset.items(SPLIT)[:PARITY_IMAGES]
        images = [to_input(dataset.photograph(item), spec.size) for item in items]
        source = f"{dataset.record.name} {SPLIT}"
    found = parity.compare(torch_predictor(network), predict, images, source)
    return found.model_copy(update={"runtime": runtime})


@functools.cache
def _portraits() -> list[Image.Image]:
    """The same on every machine, and nobody's."""
    return [portrait(PARITY_SEED, index)[0] for index in range(PARITY_IMAGES)]


def runtime_for(artifact: Artifact) -> tuple[str | None, str]:
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
    names = ("parity", "parity_reason", "accuracy", "accuracy_reason", "half", "weights")
    return Artifact.model_validate(artifact.model_dump() | dict.fromkeys(names) | changes)
