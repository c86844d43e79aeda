"""What an application's way of shrinking a photograph costs, by the very file that it would run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from train.data.dataset import Dataset, Item, SplitName
from train.evaluate import counted, labelled_items
from train.proof.prove import current, runtime_for
from zoo.app_resizing import RESIZES, as_photographed
from zoo.artifact.iou import ImageCounts
from zoo.artifact.judgement import judge
from zoo.artifact.manifest import Artifact
from zoo.artifact.resize_record import FILTERED, ResizeRecord, resizes_path
from zoo.base.children import threads_here
from zoo.base.files import write_text
from zoo.base.progress import track
from zoo.checkpoint import checkpoint_path, read_record
from zoo.home import Home
from zoo.preprocess import scaled
from zoo.runtime.runtime import open_model
from zoo.spec import ModelSpec


def measure_resizes(
    home: Home,
    spec: ModelSpec,
    artifact: Artifact,
    dataset: Dataset,
    split: SplitName,
    resizes: Sequence[str],
    side: int,
    grain: float,
) -> ResizeRecord | str:
    """The record, stored, of these ways beside the filtered one; or why the file cannot be run.

    Raises DataError where the split holds no photographs, ArtifactError for a file that is not
    `current`.
    """
    runtime, reason = runtime_for(artifact)
    if runtime is None:
        return reason
    items = labelled_items(dataset, split)
    predict = open_model(current(home, spec, artifact), runtime, threads_here()).predict
    target = str(read_record(checkpoint_path(home, spec)).config["target"])
    names = list(dict.fromkeys([FILTERED, *resizes]))
    counts: dict[str, list[ImageCounts]] = {name: [] for name in names}
    for item in _bar(items, f"{spec.name} {artifact.key}"):
        photograph = as_photographed(dataset.photograph(item), side, grain, item.id)
        for name in names:
            image = scaled(RESIZES[name](photograph, spec.size)[None])
            counts[name].append(counted(dataset, item, predict(image)[0], target))
    record = ResizeRecord(
        model=spec.name,
        key=artifact.key,
        sha256=artifact.sha256,
        runtime=runtime,
        dataset=dataset.record.name,
        split=split,
        split_sha256=dataset.record.sha256_of(split),
        images=len(items),
        side=side,
        grain=grain,
        by_resize={name: judge(counts[name], counts[FILTERED], 1.0) for name in names},
    )
    write_text(resizes_path(home, spec, artifact), record.model_dump_json(indent=1) + "\n")
    return record


def _bar(items: Sequence[Item], label: str) -> Iterable[Item]:
    return track(items, label, "images")
