"""For `bench eval`: what other ways of resizing, and a phone's photographs, cost a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from train.data.dataset import Dataset
    from zoo.artifact.manifest import Artifact
    from zoo.home import Home
    from zoo.imported.record import Imported
    from zoo.spec import ModelSpec


# A record for `--json`, and lines for a terminal.
Told = tuple[dict[str, Any], list[str]]
# Those of train.proof.distortions, which loads torch.
DISTORTIONS = (
    "near",
    "far",
    "turned",
    "cut-off",
    "background",
    "dyed",
    "dark",
    "bright",
    "warm",
    "cold",
    "side-light",
    "blurred",
    "noisy",
    "jpeg",
    "64-pixels",
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Ways of resizing with the photographs' longer side and grain; or distortions."""

    resizes: tuple[str, ...]
    side: int
    grain: float
    distortions: tuple[str, ...]


def measured(
    home: Home,
    file: tuple[ModelSpec, Artifact] | Imported,
    dataset: Dataset,
    split: Any,
    asked: Asked,
) -> Told:
    """The record for `--json`, and its lines; of what cannot be measured the reason."""
    if not isinstance(file, tuple):
        name, key, found = file.name, file.key, "of the zoo's own files alone"
    else:
        spec, artifact = file
        name, key = spec.name, artifact.key
        ways = _resized if asked.resizes else _distorted
        told = ways(home, spec, artifact, dataset, split, asked)
        if not isinstance(told, str):
            return told
        found = told
    by = "by_resize" if asked.resizes else "by_distortion"
    row = {"model": name, "key": key, by: None, "reason": found}
    return row, [f"{name}.{key}: not measured: {found}"]


def _resized(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset, split: Any, asked: Asked
) -> Told | str:
    from train.proof.resizes import measure_resizes
    from zoo.artifact.resize_record import resize_lines

    found = measure_resizes(
        home, spec, artifact, dataset, split, asked.resizes, asked.side, asked.grain
    )
    return found if isinstance(found, str) else (found.model_dump(mode="json"), resize_lines(found))


def _distorted(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset, split: Any, asked: Asked
) -> Told | str:
    from train.proof.distortions import DISTORTIONS, measure_distortions
    from zoo.artifact.distortion_record import distortion_lines

    names = list(DISTORTIONS) if "all" in asked.distortions else asked.distortions
    found = measure_distortions(home, spec, artifact, dataset, split, names)
    if isinstance(found, str):
        return found
    return found.model_dump(mode="json"), distortion_lines(found)
