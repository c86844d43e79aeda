"""What an imported model scored: `imported/NAME/accuracy.json`, its per-image counts beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from zoo.artifact.iou import ImageCounts, whole_counts
from zoo.artifact.judgement import Figure
from zoo.base.errors import ArtifactError
from zoo.base.files import write_text
from zoo.base.frozen import Frozen
from zoo.home import Home
from zoo.imported.record import Imported, Sha256

SCHEMA: Final = 1


class Evaluation(Frozen):
    """On one split. sha256, reading_sha256: of the file that ran, and of how it was fed and read.
    target: the class that the mask was held against. iou: pooled, derived from the counts."""

    sha256: Sha256
    reading_sha256: Sha256
    dataset: str
    split: Literal["train", "validation", "test"]
    split_sha256: Sha256
    target: str
    runtime: str
    images: Annotated[int, Field(gt=0)]
    counts_file: Annotated[str, Field(pattern=r"^[^/\\]+\.csv$")]
    counts_sha256: Sha256
    iou: Figure

    def is_of(self, model: Imported) -> bool:
        return (self.sha256, self.reading_sha256) == (model.sha256, model.reading_sha256)


class Evaluations(Frozen):
    """In the order in which they were made."""

    schema_version: Literal[1] = SCHEMA
    found: tuple[Evaluation, ...] = ()

    def on(self, dataset: str, split: str) -> Evaluation | None:
        return next((e for e in self.found if (e.dataset, e.split) == (dataset, split)), None)

    def with_one(self, evaluation: Evaluation) -> Evaluations:
        where = (evaluation.dataset, evaluation.split)
        kept = [e for e in self.found if (e.dataset, e.split) != where]
        return Evaluations(found=(*kept, evaluation))

    @property
    def shown(self) -> Evaluation | None:
        """What reports show: the last one on validation images, which the zoo's own are shown on;
        else the last."""
        validation = [e for e in self.found if e.split == "validation"]
        return next(reversed(validation or self.found), None)


def read_evaluations(home: Home, name: str) -> Evaluations:
    """None yet where there is no file; raises ArtifactError when it is broken."""
    path = home.imported_folder(name) / "accuracy.json"
    if not path.is_file():
        return Evaluations()
    try:
        return Evaluations.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"{path} is broken: {detail}",
            expected=f"evaluations of schema {SCHEMA}",
            remedy=f"remove it, then: bench eval {name}",
        ) from error


def write_evaluations(home: Home, name: str, evaluations: Evaluations) -> Path:
    path = home.imported_folder(name) / "accuracy.json"
    write_text(path, evaluations.model_dump_json(indent=1) + "\n")
    return path


def counts_of(home: Home, model: Imported, found: Evaluation) -> list[ImageCounts] | str:
    """Its per-image counts, or why they say nothing of the model as it is now."""
    if not found.is_of(model):
        return "the file, or how it is fed, was changed since it was evaluated"
    path = home.imported_folder(model.name) / found.counts_file
    counts = whole_counts(path, found.counts_sha256)
    return f"{path.name} is gone or was changed" if counts is None else counts
