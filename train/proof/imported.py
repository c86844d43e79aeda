"""The accuracy of an imported model: counted by running the very file, as the zoo's are."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from train.data.dataset import Dataset, Item, SplitName
from train.evaluate import counted, labelled_items
from zoo.artifact.iou import ImageCounts, pooled_interval, write_counts
from zoo.artifact.judgement import Figure
from zoo.base.children import threads_here
from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of
from zoo.base.pictures import shown
from zoo.base.progress import track
from zoo.home import Home
from zoo.imported.accuracy import Evaluation, counts_of, read_evaluations, write_evaluations
from zoo.imported.choices import Choices
from zoo.imported.feeding import probability_of
from zoo.imported.guess import Guessed
from zoo.imported.look import RUNTIMES
from zoo.imported.record import Imported, verified_import
from zoo.imported.take import name_for, take
from zoo.runtime.runtime import open_model

TARGET = "hair"


def evaluate_import(
    home: Home, model: Imported, dataset: Dataset, split: SplitName, force: bool = False
) -> Evaluation:
    """Its accuracy on a split, stored with the per-image counts. Counted already, of this file and
    record and these photographs, it becomes the latest one and no more.

    Raises ArtifactError for a file that was changed or does not fit its record, DataError for a
    split without photographs.
    """
    verified_import(home, model)
    stored = read_evaluations(home, model.name)
    found = stored.on(dataset.record.name, split)
    if found is None or force or not _holds(home, model, found, dataset):
        found = _evaluated(home, model, dataset, split)
    write_evaluations(home, model.name, stored.with_one(found))
    return found


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A file that was read by guesses. model: under a name that it may be imported by."""

    model: Imported
    guessed: Guessed
    found: Evaluation


def judge_file(path: Path, dataset: Dataset, split: SplitName) -> Judged:
    """The accuracy of a file that is not imported; nothing of it is kept.

    Raises as `take`, with `bench import` as the remedy where a guess is not sensible, and as
    `evaluate_import`."""
    name = name_for(path)
    with TemporaryDirectory(prefix="bench-") as folder:
        home = Home(root=Path(folder).resolve())
        try:
            model, guessed = take(home, path, name, Choices(), None, force=False)
        except ArtifactError as error:
            if not error.remedy.startswith("--"):
                raise
            words = f"{shlex.quote(shown(path))} --name {name} {error.remedy}"
            raise ArtifactError(
                f"{shown(path)}: {error.seen}",
                expected=error.expected,
                remedy=f"bench import {words}, then bench eval {name}",
            ) from error
        found = evaluate_import(home, model, dataset, split)
    return Judged(model=model, guessed=guessed, found=found)


def _holds(home: Home, model: Imported, found: Evaluation, dataset: Dataset) -> bool:
    """Whether the stored counts are whole, and of this model and these photographs."""
    same = (found.split_sha256, found.target) == (dataset.record.sha256_of(found.split), TARGET)
    return same and not isinstance(counts_of(home, model, found), str)


def _evaluated(home: Home, model: Imported, dataset: Dataset, split: SplitName) -> Evaluation:
    items = labelled_items(dataset, split)
    runtime = RUNTIMES[model.format]
    counts = _counts(home, model, dataset, items)
    file = f"{model.name}.{model.key}.{dataset.record.name}.{split}.counts.csv"
    path = home.imported_folder(model.name) / file
    write_counts(path, counts)
    return Evaluation(
        sha256=model.sha256,
        reading_sha256=model.reading_sha256,
        dataset=dataset.record.name,
        split=split,
        split_sha256=dataset.record.sha256_of(split),
        target=TARGET,
        runtime=runtime,
        images=len(counts),
        counts_file=file,
        counts_sha256=sha256_of(path),
        iou=Figure.of(pooled_interval(counts)),
    )


def _counts(home: Home, model: Imported, dataset: Dataset, items: list[Item]) -> list[ImageCounts]:
    path = home.imported_file(model.name, model.format)
    opened = open_model(path, RUNTIMES[model.format], threads_here())
    found = []
    for item in track(items, f"{model.name} {model.key}", "images"):
        mask = probability_of(model, opened, dataset.photograph(item))
        found.append(counted(dataset, item, mask, TARGET, model.output.threshold))
    return found
