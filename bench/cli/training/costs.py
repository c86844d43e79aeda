"""For `bench eval`: what other ways of resizing, and a phone's photographs, cost a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.text.listing import Format
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
) -> ResizeRecord | DistortionRecord | dict[str, Any]:
    """What was found of a file; of what cannot be measured its model, key and the reason."""
    if not isinstance(file, tuple):
        return {"model": file.name, "key": file.key, "reason": "of the zoo's own files alone"}
    spec, artifact = file
    ways = _resized if asked.resizes else _distorted
    found = ways(home, spec, artifact, dataset, split, asked)
    if isinstance(found, str):
        return {"model": spec.name, "key": artifact.key, "reason": found}
    return found


def told(
    found: Sequence[ResizeRecord | DistortionRecord | dict[str, Any]],
    by: str,
    format: Format | None,
) -> str:
    """As a list in this format, or as JSON: a record a file. by: the name of a record's rows."""
    from reports.text.costs import cost_list, cost_rows

    if format is None:
        records = [
            {**one, by: None} if isinstance(one, dict) else one.model_dump(mode="json")
            for one in found
        ]
        return json.dumps(records, indent=1)
    rows = [row for one in found if not isinstance(one, dict) for row in cost_rows(one)]
    return cost_list(rows, [one for one in found if isinstance(one, dict)], format)


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
