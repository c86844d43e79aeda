"""The weights that come with the package: `zoo/weights/`, a file a width.

    ARCH_WIDTH.safetensors   fp16; kernels once, what is a size's own as `SIZE/NAME`; the header
                             holds the record of each size's checkpoint
    ARCH_WIDTH.counts.csv    pixels of every validation image, of the ONNX files exported from it
    ARCH_WIDTH.ranges.json   ranges of the activations, for quantising without photographs
    ARCH_WIDTH.md            the card: data, recipe, IoU, what may be done with it

`train.proof.pack` writes them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from zoo.artifact.calibration import LayerRange
from zoo.artifact.iou import ImageCounts, write_counts
from zoo.base.errors import DataError, MissingStep, WeightsError
from zoo.base.files import sha256_of
from zoo.checkpoint import COUNTS_NAME, CheckpointRecord, checkpoint_path, read_record, save
from zoo.home import Home
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


def find_record(spec: ModelSpec, folder: Path = FOLDER) -> CheckpointRecord | None:
    """What made the variant's weights; None where the box does not hold it."""
    path = box_path(spec, folder)
    records = read_records(path) if path.is_file() else ()
    return next((record for record in records if record.spec == spec), None)


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
    record = _record(spec, folder)
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
    network, _ = unpack(spec, folder)
    write_counts(path.parent / COUNTS_NAME, read_box_counts(spec, folder))
    save(path, network, record.model_copy(update={"shipped": sha256}))
    return True


def unpack(spec: ModelSpec, folder: Path = FOLDER) -> tuple[SegmentationNetwork, CheckpointRecord]:
    """The network in eval mode, in fp32, and the record of its training.

    Raises MissingStep where the box does not hold the variant, WeightsError where it is broken.
    """
    from safetensors.torch import load_file

    path, record = box_path(spec, folder), _record(spec, folder)
    try:
        return network_of(spec, load_file(path)), record
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit the network: {str(error).splitlines()[1].strip()}",
            expected="the weights of this version",
            remedy=REMEDY,
        ) from error


def _record(spec: ModelSpec, folder: Path) -> CheckpointRecord:
    record = find_record(spec, folder)
    if record is None:
        raise MissingStep(
            f"no weights of {spec.name} come with the package",
            expected="a variant that `bench weights list` shows",
            remedy=f"bench train --model {spec.name} --data NAME",
        )
    return record


def network_of(spec: ModelSpec, stored: dict[str, Tensor]) -> SegmentationNetwork:
    """The variant in eval mode, in fp32, of a box's tensors; raises RuntimeError as torch does."""
    from zoo import registry

    network = registry.build(spec)
    own = f"{spec.size}/"
    shared = {name: tensor for name, tensor in stored.items() if "/" not in name}
    private = {n.removeprefix(own): t for n, t in stored.items() if n.startswith(own)}
    # Counters of batches, which are integers, are in no box.
    counters = {n: t for n, t in network.state_dict().items() if not t.is_floating_point()}
    network.load_state_dict(shared | private | counters)
    return network.eval()


def read_box_counts(spec: ModelSpec, folder: Path = FOLDER) -> list[ImageCounts]:
    """Of the ONNX file exported from these weights; raises DataError where they are broken."""
    path = box_path(spec, folder, "counts.csv")
    columns = "columns image, labelled, SIZE_intersection, SIZE_predicted"
    with _reading(path, f"the counts of {spec.name}", columns):
        counts = [
            ImageCounts(
                image=row["image"],
                intersection=int(row[f"{spec.size}_intersection"]),
                predicted=int(row[f"{spec.size}_predicted"]),
                labelled=int(row["labelled"]),
                source=row.get("source") or None,
            )
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        ]
    return counts


def read_ranges(spec: ModelSpec, folder: Path = FOLDER) -> dict[str, LayerRange]:
    """Of every layer's output on photographs: [lowest, highest, mean lowest, mean highest].

    The first two are over all the images, the others means over images of each one's own. Raises
    DataError where they are broken.
    """
    path = box_path(spec, folder, "ranges.json")
    with _reading(path, f"the ranges of {spec.name}", "ranges by size and layer"):
        stored: dict[str, list[float]] = json.loads(path.read_bytes())[str(spec.size)]
        ranges = {name: (a, b, c, d) for name, (a, b, c, d) in stored.items()}
    return ranges


@contextmanager
def _reading(path: Path, what: str, expected: str) -> Iterator[None]:
    try:
        yield
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} does not hold {what}: {error!r}", expected=expected, remedy=REMEDY
        ) from error
