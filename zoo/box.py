"""The weights that come with the package: `zoo/weights/`, a file a width.

    mnv2_unet_0.5.safetensors   fp16; kernels once, what is a size's own as `SIZE/NAME`;
                                the header holds the record of each size's checkpoint
    mnv2_unet_0.5.counts.csv    pixels of every validation image, of the ONNX files exported from it
    mnv2_unet_0.5.ranges.json   ranges of the activations, for quantising without photographs
    mnv2_unet_0.5.md            the card: data, recipe, IoU, what may be done with it

`train.pack` writes them.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from zoo.checkpoint import COUNTS_NAME, CheckpointRecord, checkpoint_path, read_record, save
from zoo.errors import DataError, MissingStep, WeightsError
from zoo.files import Home, sha256_of
from zoo.iou import ImageCounts, write_counts
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

    from zoo.network import SegmentationNetwork

FOLDER = Path(__file__).parent / "weights"
_RECORDS = TypeAdapter(tuple[CheckpointRecord, ...])
REMEDY = "install the package again"


def box_path(spec: ModelSpec, folder: Path = FOLDER, ending: str = "safetensors") -> Path:
    """Of the file that holds the variant, or of what stands beside it."""
    return folder / f"{spec.arch}_{spec.width}.{ending}"


def is_in_box(spec: ModelSpec, folder: Path = FOLDER) -> bool:
    path = box_path(spec, folder)
    return path.is_file() and any(record.spec == spec for record in read_records(path))


def read_records(path: Path) -> tuple[CheckpointRecord, ...]:
    """What made the weights of each size; raises WeightsError. Needs no torch."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stored:
            return _RECORDS.validate_json((stored.metadata() or {})["records"])
    except (SafetensorError, OSError, KeyError, ValidationError) as error:
        raise WeightsError(
            f"{path} is not a file of the zoo's weights: {error}",
            expected="safetensors with records",
            remedy=REMEDY,
        ) from error


def take(home: Home, spec: ModelSpec, force: bool = False, folder: Path = FOLDER) -> bool:
    """Make the variant's checkpoint, with its counts, of the weights in the box.

    False where it is there already. Raises MissingStep where the box does not hold the variant,
    WeightsError where a training of the user's own stands in the place, unless `force`.
    """
    if not is_in_box(spec, folder):
        raise MissingStep(
            f"no weights of {spec.name} come with the package",
            expected="a variant that `bench weights` lists",
            remedy=f"bench train --model {spec.name} --data NAME",
        )
    path, sha256 = checkpoint_path(home, spec), sha256_of(box_path(spec, folder))
    if path.is_file() and not force:
        shipped = read_record(path).shipped
        if shipped == sha256:
            return False
        if shipped is None:
            raise WeightsError(
                f"{path} holds a training of your own",
                expected="no checkpoint, or one that came with the package",
                remedy=f"bench weights take --force --model {spec.name} replaces it",
            )
    network, record = unpack(spec, folder)
    write_counts(path.parent / COUNTS_NAME, read_box_counts(spec, folder))
    save(path, network, record.model_copy(update={"shipped": sha256}))
    return True


def unpack(spec: ModelSpec, folder: Path = FOLDER) -> tuple[SegmentationNetwork, CheckpointRecord]:
    """The network in eval mode, in fp32, and the record of its training."""
    from safetensors.torch import load_file

    from zoo import registry

    path = box_path(spec, folder)
    record = next(record for record in read_records(path) if record.spec == spec)
    network = registry.build(spec)
    tensors = _of_size(load_file(path), spec.size)
    counters = {n: t for n, t in network.state_dict().items() if not t.is_floating_point()}
    try:
        network.load_state_dict(tensors | counters)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit the network: {str(error).splitlines()[1].strip()}",
            expected="the weights of this version",
            remedy=REMEDY,
        ) from error
    return network.eval(), record


def _of_size(stored: dict[str, Tensor], size: int) -> dict[str, Tensor]:
    own = f"{size}/"
    shared = {name: tensor for name, tensor in stored.items() if "/" not in name}
    private = {n.removeprefix(own): t for n, t in stored.items() if n.startswith(own)}
    return {name: tensor.float() for name, tensor in (shared | private).items()}


def read_box_counts(spec: ModelSpec, folder: Path = FOLDER) -> list[ImageCounts]:
    """Of the ONNX file exported from these weights; raises DataError where they are broken."""
    path = box_path(spec, folder, "counts.csv")
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [
                ImageCounts(
                    image=row["image"],
                    intersection=int(row[f"{spec.size}_intersection"]),
                    predicted=int(row[f"{spec.size}_predicted"]),
                    labelled=int(row["labelled"]),
                )
                for row in csv.DictReader(stream)
            ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} does not hold the counts of {spec.name}: {error!r}",
            expected="columns image, labelled, SIZE_intersection, SIZE_predicted",
            remedy=REMEDY,
        ) from error


def read_ranges(spec: ModelSpec, folder: Path = FOLDER) -> dict[str, list[float]]:
    """Of every layer's output on photographs: [lowest, highest, mean lowest, mean highest].

    The first two are over all the images, the others means over images of each one's own.
    """
    path = box_path(spec, folder, "ranges.json")
    try:
        ranges: dict[str, list[float]] = json.loads(path.read_bytes())[str(spec.size)]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path} does not hold the ranges of {spec.name}: {error!r}",
            expected="ranges by size and layer",
            remedy=REMEDY,
        ) from error
    return ranges
