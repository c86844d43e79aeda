"""What a phone's photographs cost one file: stored beside it, by `bench eval --distort`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from zoo.artifact.iou import points_text, span_text
from zoo.artifact.judgement import Judgement
from zoo.artifact.manifest import Artifact, Sha256
from zoo.base.errors import BenchError
from zoo.base.frozen import Frozen, read_json
from zoo.home import Home
from zoo.spec import ModelSpec

SCHEMA: Final = 1
# What the others are compared with: the photographs as they are.
PLAIN: Final = "none"


class DistortionRecord(Frozen):
    """Of one file. images: how many of each data set. by_distortion: by its name, then by the data
    set of the images, the IoU and its difference from that of the same photographs as they are (its
    `bound` says nothing here)."""

    schema_version: Literal[1] = SCHEMA
    model: str
    key: str
    sha256: Sha256
    runtime: str
    dataset: str
    split: Literal["train", "validation", "test"]
    split_sha256: Sha256
    images: dict[str, Annotated[int, Field(gt=0)]]
    by_distortion: dict[str, dict[str, Judgement]]


def distortions_path(home: Home, spec: ModelSpec, artifact: Artifact) -> Path:
    return home.artifact_folder(spec) / f"{spec.name}.{artifact.key}.distortions.json"


def beside_earlier(record: DistortionRecord, path: Path) -> DistortionRecord:
    """With the other distortions that were measured before on the same file and photographs."""
    if not path.is_file():
        return record
    try:
        before = read_json(DistortionRecord, path, "distortions that were measured", record.key)
    except BenchError:
        return record
    same = record.model_copy(update={"by_distortion": before.by_distortion}) == before
    every = (before.by_distortion if same else {}) | record.by_distortion
    return record.model_copy(update={"by_distortion": every})


def cell(name: str, found: Judgement) -> str:
    """The IoU of the photographs as they are, else the points that the distortion costs."""
    if name != PLAIN:
        return points_text(found.difference)
    return f"{found.iou.value:.3f} {span_text(found.iou.low, found.iou.high, '.3f')}"
