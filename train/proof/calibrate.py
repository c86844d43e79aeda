"""Takes the ranges that int8 files are scaled by: of photographs, or those of the package."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

from train.data.dataset import Dataset, Item
from zoo.artifact.calibration import (
    Calibration,
    CalibrationSource,
    LayerRange,
    calibration_path,
    read_calibration,
    write_calibration,
)
from zoo.base.errors import ArtifactError, DataError, MissingStep
from zoo.base.files import sha256_of, sha256_of_json
from zoo.base.progress import track
from zoo.box import read_ranges
from zoo.checkpoint import checkpoint_path, load, read_record
from zoo.home import Home
from zoo.preprocess import Float32
from zoo.resizing import to_input
from zoo.spec import ModelSpec

IMAGES = 200
SEED = 0
NOTHING = (
    "no photographs to calibrate by are here, and the weights are not those that come with the "
    "package"
)


def calibrate(home: Home, spec: ModelSpec, dataset: Dataset | None) -> CalibrationSource | None:
    """Leave `calibration.json` of the variant's checkpoint, if it is not there yet.

    Of training photographs where they are at hand, else as it is there or as the package has it;
    None where the weights did not come with it. Raises DataError for a data set without training
    photographs.
    """
    stored = _stored(home, spec)
    if dataset is None and read_record(checkpoint_path(home, spec)).shipped is None:
        return stored
    if stored is not None and stored.through == _way(dataset):
        return stored
    made = _of_package(home, spec) if dataset is None else _of_photographs(home, spec, dataset)
    write_calibration(home, spec, made)
    return made.source


def chosen(dataset: Dataset) -> list[Item]:
    """The photographs that ranges are taken from, drawn by SEED, in the data set's order."""
    items = dataset.items("train")
    if not items:
        raise DataError(
            f"{dataset.folder} holds no training photographs to calibrate by",
            expected="some, to scale the activations of int8 files by",
            remedy="bench data --help",
        )
    drawn = random.Random(SEED).sample(range(len(items)), min(IMAGES, len(items)))
    return [items[index] for index in sorted(drawn)]


def _way(dataset: Dataset | None) -> Literal["photographs", "package"]:
    return "package" if dataset is None else "photographs"


def _stored(home: Home, spec: ModelSpec) -> CalibrationSource | None:
    """That of the present checkpoint, if it is whole."""
    try:
        source = read_calibration(calibration_path(home, spec)).source
    except (MissingStep, ArtifactError):
        return None
    return source if source.checkpoint_sha256 == sha256_of(checkpoint_path(home, spec)) else None


def _of_photographs(home: Home, spec: ModelSpec, dataset: Dataset) -> Calibration:
    # It loads torch, which is not needed to see whether there is anything to do.
    from train.proof.ranges import activation_ranges

    network, _ = load(checkpoint_path(home, spec))
    items = chosen(dataset)
    layers = activation_ranges(network, _inputs(dataset, items, spec))
    return _made(home, spec, layers, dataset, dataset.record.name, len(items))


def _of_package(home: Home, spec: ModelSpec) -> Calibration:
    record = read_record(checkpoint_path(home, spec))
    return _made(home, spec, read_ranges(spec), None, record.split.dataset, IMAGES)


def _made(
    home: Home,
    spec: ModelSpec,
    layers: dict[str, LayerRange],
    dataset: Dataset | None,
    name: str,
    images: int,
) -> Calibration:
    source = CalibrationSource(
        through=_way(dataset),
        dataset=name,
        images=images,
        seed=SEED,
        checkpoint_sha256=sha256_of(checkpoint_path(home, spec)),
        sha256=sha256_of_json(layers),
    )
    return Calibration(model=spec.name, source=source, layers=layers)


def _inputs(dataset: Dataset, items: list[Item], spec: ModelSpec) -> Iterator[Float32]:
    for item in track(items, f"{spec.name} ranges", "images"):
        yield to_input(dataset.photograph(item), spec.size)
