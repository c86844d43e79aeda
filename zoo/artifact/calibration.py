"""What the layers of a variant put out on photographs: what its int8 files are scaled by.

`artifacts/VARIANT/calibration.json`: taken from the photographs the weights were trained on, or,
where they are not at hand, the ranges that come with the package's weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from zoo.base.errors import MissingStep
from zoo.base.files import write_text
from zoo.base.frozen import Frozen, read_json
from zoo.home import Home
from zoo.spec import ModelSpec

SCHEMA: Final = 1
# Lowest and highest over all images, and the means of each image's own.
LayerRange = tuple[float, float, float, float]


class CalibrationSource(Frozen):
    """Which photographs, how many, drawn by which seed; through the package's weights or not.

    checkpoint_sha256: whose layers. sha256: of the ranges that came of it.
    """

    through: Literal["photographs", "package"]
    dataset: str
    images: Annotated[int, Field(gt=0)]
    seed: int
    checkpoint_sha256: str
    sha256: str


class Calibration(Frozen):
    """layers: by name, in the order of execution."""

    schema_version: Literal[1] = SCHEMA
    model: str
    source: CalibrationSource
    layers: dict[str, LayerRange]


def calibration_path(home: Home, spec: ModelSpec) -> Path:
    return home.artifact_folder(spec) / "calibration.json"


def write_calibration(home: Home, spec: ModelSpec, calibration: Calibration) -> None:
    write_text(calibration_path(home, spec), calibration.model_dump_json(indent=1) + "\n")


def read_calibration(path: Path) -> Calibration:
    """Raises MissingStep, ArtifactError."""
    if not path.is_file():
        raise MissingStep(
            f"{path} does not exist",
            expected="the ranges that int8 files are scaled by",
            remedy=f"bench export --model {path.parent.name}",
        )
    return read_json(Calibration, path, f"a calibration of schema {SCHEMA}", path.parent.name)
