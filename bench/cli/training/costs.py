"""For `bench eval`: what other ways of resizing, and a phone's photographs, cost a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from train.data.dataset import Dataset
    from zoo.artifact.distortion_record import DistortionRecord
    from zoo.artifact.manifest import Artifact
    from zoo.artifact.resize_record import ResizeRecord
    from zoo.home import Home
    from zoo.imported.record import Imported
    from zoo.spec import ModelSpec


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
) -> tuple[dict[str, Any], list[str]]:
    """The record for `--json`, and its lines; of what cannot be measured the reason."""
    from zoo.artifact.distortion_record import distortion_lines
    from zoo.artifact.resize_record import resize_lines

    if not isinstance(file, tuple):
        return _nothing(file.name, file.key, "of the zoo's own files alone", asked)
    spec, artifact = file
    if asked.resizes:
        resized = _resized(home, spec, artifact, dataset, split, asked)
        if not isinstance(resized, str):
            return resized.model_dump(mode="json"), resize_lines(resized)
        return _nothing(spec.name, artifact.key, resized, asked)
    distorted = _distorted(home, spec, artifact, dataset, split, asked)
    if not isinstance(distorted, str):
        return distorted.model_dump(mode="json"), distortion_lines(distorted)
    return _nothing(spec.name, artifact.key, distorted, asked)


def _nothing(model: str, key: str, reason: str, asked: Asked) -> tuple[dict[str, Any], list[str]]:
    by = "by_resize" if asked.resizes else "by_distortion"
    row = {"model": model, "key": key, by: None, "reason": reason}
    return row, [f"{model}.{key}: not measured: {reason}"]


def _resized(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset, split: Any, asked: Asked
) -> ResizeRecord | str:
    from train.proof.resizes import measure_resizes

    return measure_resizes(
        home, spec, artifact, dataset, split, asked.resizes, asked.side, asked.grain
    )


def _distorted(
    home: Home, spec: ModelSpec, artifact: Artifact, dataset: Dataset, split: Any, asked: Asked
) -> DistortionRecord | str:
    from train.proof.distortions import DISTORTIONS, measure_distortions

    names = list(DISTORTIONS) if "all" in asked.distortions else asked.distortions
    return measure_distortions(home, spec, artifact, dataset, split, names)
