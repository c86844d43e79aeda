"""The accuracy of an exported file: counted by running that very file, beside torch's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from train.data.dataset import Dataset, SplitName
from train.evaluate import Predict, evaluate, labelled_items, torch_predictor
from zoo.artifact.half import PRECISIONS
from zoo.artifact.iou import ImageCounts, read_counts, write_counts
from zoo.artifact.judgement import judge
from zoo.artifact.manifest import Accuracy, Artifact, Source, read_manifest
from zoo.artifact.sources import parted, preparing
from zoo.base.errors import DataError
from zoo.base.files import sha256_of, sha256_of_json
from zoo.base.progress import track
from zoo.checkpoint import COUNTS_NAME, Split, checkpoint_path, load, read_record
from zoo.home import Home
from zoo.runtime.open_model import OpenModel
from zoo.runtime.processor import REFERENCE, computes_in_half
from zoo.spec import ModelSpec

TORCH_BATCH = 10


def measure_accuracy(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    runtime: str,
    model: OpenModel,
    dataset: Dataset,
    split: SplitName,
    bound: float,
) -> Accuracy:
    """Store the per-image counts of the file, and those of torch where they are not there yet.

    model: the file, as `runtime` opened it. bound: how much pooled IoU it may lose. Raises
    DataError where the split holds no photographs.
    """
    bar = _bar(f"{spec.name} {artifact.key}")
    counts = _counts(model.predict, home, spec, dataset, split, model.batch, bar)
    whose = f"{dataset.record.name}.{split}"
    by = f".{runtime}" if runtime == REFERENCE else ""
    file = home.artifact_folder(spec) / f"{spec.name}.{artifact.key}.{whose}{by}.counts.csv"
    write_counts(file, counts)
    in_fp32 = artifact.precision in PRECISIONS and not computes_in_half(runtime)
    found = _judged(home, spec, runtime, file, dataset, split, bound)
    return found.model_copy(update={"computed_in": "fp32"}) if in_fp32 else found


def check_unseen(home: Home, spec: ModelSpec, own: Split, dataset: Dataset) -> None:
    """Raise DataError where a data set that was trained on is split otherwise now, so that images
    for validation may have been trained on. own: the split of the checkpoint."""
    path = checkpoint_path(home, spec).with_name(COUNTS_NAME)
    known = {own.sha256, *own.parts.values()}
    if dataset.record.sha256 in known or not path.is_file():
        return
    counted = parted(read_counts(path), own.dataset)
    unseen = {name: {one.image for one in counts} for name, counts in counted.items()}
    seen = 0
    for item in dataset.items("validation"):
        source = item.source or dataset.record.name
        seen += source in unseen and item.own_id not in unseen[source]
    if seen:
        raise DataError(
            f"{dataset.record.name} is split otherwise than when {spec} was trained: {seen} of its "
            "validation images may have been trained on",
            expected=f"the split of then: {own.rule}",
            remedy=f"{preparing(dataset.record.name)}, with the seed and the share of then",
        )


def judged_again(
    home: Home, spec: ModelSpec, known: Accuracy, dataset: Dataset, bound: float
) -> Accuracy:
    """Of the counts that are stored, by another bound."""
    file = home.artifact_folder(spec) / known.counts_file
    found = _judged(home, spec, known.runtime, file, dataset, known.split, bound)
    return found.model_copy(update={"computed_in": known.computed_in})


def half_accuracy(
    home: Home, spec: ModelSpec, dataset: Dataset, split: SplitName, bound: float
) -> Accuracy:
    """What the checkpoint's weights, rounded to fp16, give where torch computes in fp16."""
    file = torch_counts(home, spec, dataset, split, half=True)
    return _judged(home, spec, "torch, in fp16", file, dataset, split, bound)


def _judged(
    home: Home,
    spec: ModelSpec,
    runtime: str,
    file: Path,
    dataset: Dataset,
    split: SplitName,
    bound: float,
) -> Accuracy:
    """Of stored counts, beside torch's in fp32."""
    reference, counts = torch_counts(home, spec, dataset, split), read_counts(file)
    torchs = read_counts(reference)
    return Accuracy(
        dataset=dataset.record.name,
        split=split,
        split_sha256=dataset.record.sha256_of(split),
        runtime=runtime,
        images=len(counts),
        counts_file=file.name,
        counts_sha256=sha256_of(file),
        torch_counts_file=reference.name,
        torch_counts_sha256=sha256_of(reference),
        judgement=judge(counts, torchs, bound),
        sources=_sources(counts, torchs, bound) if any(one.source for one in counts) else {},
    )


def _sources(
    counts: Sequence[ImageCounts], torchs: Sequence[ImageCounts], bound: float
) -> dict[str, Source]:
    theirs = parted(torchs, "")
    return {
        name: Source(images=len(ours), judgement=judge(ours, theirs[name], bound))
        for name, ours in parted(counts, "").items()
    }


def torch_counts(
    home: Home, spec: ModelSpec, dataset: Dataset, split: SplitName, *, half: bool = False
) -> Path:
    """The stored counts of the checkpoint in torch, in fp32 or in fp16; counted where they are not
    there, or are not as the manifest has them.

    Their name holds what they depend on.
    """
    checkpoint = checkpoint_path(home, spec)
    images = sorted((item.id, item.sha256) for item in dataset.items(split))
    key = sha256_of_json([sha256_of(checkpoint), images])[:12]
    how = "torch-fp16" if half else "torch"
    path = home.artifact_folder(spec) / f"{spec.name}.{how}.{split}.{key}.counts.csv"
    if path.is_file() and sha256_of(path) in _known(home, spec, path):
        return path
    network, _ = load(checkpoint)
    predict, bar = torch_predictor(network, half=half), _bar(f"{spec.name} {how}")
    write_counts(path, _counts(predict, home, spec, dataset, split, TORCH_BATCH, bar))
    _COUNTED[path] = sha256_of(path)
    return path


# What this process counted, until the manifest has it.
_COUNTED: dict[Path, str] = {}


def _known(home: Home, spec: ModelSpec, path: Path) -> set[str]:
    """The hashes that counts of this name had when they were counted."""
    found = {_COUNTED.get(path, "")}
    for artifact in read_manifest(home, spec).artifacts.values():
        held = (artifact.accuracy, artifact.weights, artifact.half, *artifact.others.values())
        for one in held:
            if one is not None and one.torch_counts_file == path.name:
                found.add(one.torch_counts_sha256)
            if one is not None and one.counts_file == path.name:
                found.add(one.counts_sha256)
    return found


def _counts(
    predict: Predict,
    home: Home,
    spec: ModelSpec,
    dataset: Dataset,
    split: SplitName,
    batch: int,
    bar: Callable[[Iterable[int]], Iterable[int]],
) -> list[ImageCounts]:
    items = labelled_items(dataset, split)
    target = str(read_record(checkpoint_path(home, spec)).config["target"])
    return evaluate(
        predict, dataset, items, size=spec.size, target=target, batch_size=batch, progress=bar
    )


def _bar(label: str) -> Callable[[Iterable[int]], Iterable[int]]:
    def shown(steps: Iterable[int]) -> Iterable[int]:
        return track(steps, label, "batches")

    return shown
