"""What ways of shrinking a photograph cost one file: stored beside it, by `bench eval --resize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from zoo.artifact.judgement import Judgement
from zoo.artifact.manifest import Artifact, Sha256
from zoo.base.frozen import Frozen, read_json
from zoo.home import Home
from zoo.spec import ModelSpec

SCHEMA: Final = 1
# What the others are compared with: the zoo's own.
FILTERED: Final = "pil"


class ResizeRecord(Frozen):
    """Of one file and one kind of photographs. by_resize: each way's IoU, and its difference from
    that of the filtered resize on the same pictures (its `bound` says nothing here). side: of the
    enlarged photographs' longer side in pixels; grain: the deviation of their noise, in levels."""

    schema_version: Literal[1] = SCHEMA
    model: str
    key: str
    sha256: Sha256
    runtime: str
    dataset: str
    split: Literal["train", "validation", "test"]
    split_sha256: Sha256
    images: Annotated[int, Field(gt=0)]
    side: Annotated[int, Field(gt=0)]
    grain: Annotated[float, Field(ge=0)]
    by_resize: dict[str, Judgement]


def resizes_path(home: Home, spec: ModelSpec, artifact: Artifact) -> Path:
    return home.artifact_folder(spec) / f"{spec.name}.{artifact.key}.resizes.json"


def read_resizes(home: Home, spec: ModelSpec, artifact: Artifact) -> ResizeRecord | None:
    """The stored record of this very file; None where there is none. Raises ArtifactError."""
    path = resizes_path(home, spec, artifact)
    if not path.is_file():
        return None
    found = read_json(ResizeRecord, path, f"a record of schema {SCHEMA}", spec.name)
    return found if found.sha256 == artifact.sha256 else None


def resize_text(record: ResizeRecord) -> str:
    """In a sentence: what each other way lost."""
    lost = [
        f"{name} {100 * found.difference.value:+.2f}"
        for name, found in record.by_resize.items()
        if name != FILTERED
    ]
    return (
        f"{', '.join(lost)} points against pil, on {record.images} photographs enlarged to "
        f"{record.side} pixels, grain {record.grain:g}"
    )
