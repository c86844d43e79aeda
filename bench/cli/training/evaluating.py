"""For `bench eval`: the files that are meant, and each one's IoU, here or on other machines."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import files_and_list
from bench.cli.spread import CHILD, do_on_ray, say_undone
from bench.cli.typed import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from train.data.dataset import Dataset
    from zoo.artifact.manifest import Artifact
    from zoo.base.errors import MissingStep
    from zoo.catalogue import Model
    from zoo.home import Home
    from zoo.imported.record import Imported
    from zoo.spec import ModelSpec

    # A variant and one of its files, or what was imported.
    File = tuple[ModelSpec, Artifact] | Imported


def chosen_in_turn(
    home: Home, models: Sequence[Model], formats: Sequence[str], precisions: Sequence[str]
) -> Iterator[File]:
    """A model's folder is held while its files are at work."""
    from zoo.base.lock import locked
    from zoo.catalogue import folder

    for model in models:
        with locked(folder(home, model)):
            yield from chosen(home, model, formats, precisions)


def chosen(
    home: Home, model: Model, formats: Sequence[str], precisions: Sequence[str]
) -> list[File]:
    from zoo.artifact.manifest import read_manifest
    from zoo.imported.record import Imported

    def wanted(file: Artifact | Imported) -> bool:
        in_format = not formats or file.format in formats
        return in_format and (not precisions or file.precision in precisions)

    if isinstance(model, Imported):
        return [model] if wanted(model) else []
    artifacts = read_manifest(home, model).artifacts.values()
    return [(model, artifact) for artifact in artifacts if wanted(artifact)]


def no_file(wanted: Sequence[str], found: Sequence[Model]) -> MissingStep:
    """Where none of what was found has a file that is asked for."""
    from zoo.base.errors import MissingStep
    from zoo.imported.record import Imported

    imported = [model for model in found if isinstance(model, Imported)]
    if len(imported) < len(found):
        remedy = f"bench export --model {shlex.quote(wanted[0])}"
    else:
        has = ", ".join(f"{model.name} is {model.format}, {model.precision}" for model in imported)
        remedy = f"leave --format and --precision out: {has}"
    return MissingStep(f"no such file of {', '.join(wanted)} is here", remedy=remedy)


def evaluated(
    home: Home,
    file: File,
    dataset: Dataset,
    split: Any,
    bound: float | None,
    force: bool,
) -> dict[str, Any]:
    from reports.text.files import file_record
    from reports.text.imported import imported_record
    from train.proof.imported import evaluate_import
    from train.proof.prove import evaluate_file
    from zoo.artifact.manifest import read_manifest, write_manifest

    if not isinstance(file, tuple):
        return imported_record(file, evaluate_import(home, file, dataset, split, force))
    spec, artifact = file
    found, reason = evaluate_file(home, spec, artifact, dataset, split, bound, force)
    write_manifest(home, spec, read_manifest(home, spec).with_artifact(found))
    accuracy = found.accuracy_on(dataset.record.name, split)
    return file_record(found, [accuracy] if accuracy else [], reason)


def evaluate_on_ray(
    context: click.Context, home: Home, found: Sequence[Model], dataset: Dataset, other: bool
) -> list[str]:
    """Some variants an order; the names of those that came to nothing."""
    from train.cluster.files import JUDGING, FilesOrder
    from zoo.spec import ModelSpec

    specs = [model for model in found if isinstance(model, ModelSpec)]
    if other or len(specs) < len(found):
        raise click.UsageError("--ray is of the zoo's own files and their IoU alone")
    files, precisions = files_and_list(context.params["formats"])[0], context.params["precisions"]
    specs = [spec for spec in specs if chosen(home, spec, files, precisions)]
    words = ("eval", *words_of(context, ("names", "models", "ray", "as_json")))

    def order(part: tuple[ModelSpec, ...]) -> FilesOrder:
        return FilesOrder(
            home=home,
            specs=part,
            words=(*CHILD, *words),
            datasets=(dataset,),
            packages=JUDGING,
            splits=(context.params["split"],),
        )

    failed = do_on_ray(str(context.params["ray"]), os.cpu_count() or 1, specs, JUDGING, order)
    lost = [spec.name for spec in failed]
    say_undone(lost)
    return lost
