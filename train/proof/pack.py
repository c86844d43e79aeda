"""Packs the sizes of a width, trained together, into the files of zoo/weights (see zoo.box)."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save as serialised
from torch import Tensor

from train.data.dataset import Dataset
from train.proof.calibrate import chosen
from train.proof.card import card
from train.proof.photographs import Photographs
from train.proof.prove import prove
from train.proof.ranges import activation_ranges
from zoo.artifact.calibration import LayerRange
from zoo.artifact.iou import ImageCounts, pooled, read_counts
from zoo.base.errors import ExportFailed, WeightsError
from zoo.base.files import replacing, write_text
from zoo.base.progress import track
from zoo.box import box_path, network_of
from zoo.checkpoint import CheckpointRecord, checkpoint_path, load, read_record, save
from zoo.export.run import export
from zoo.export.targets import targets
from zoo.home import Home
from zoo.network import SegmentationNetwork
from zoo.preprocess import Float32
from zoo.resizing import to_input
from zoo.spec import ModelSpec


def pack(home: Home, specs: Sequence[ModelSpec], dataset: Dataset, folder: Path) -> Path:
    """Write the box of a width: weights in fp16, counts, ranges and card; returns the first's path.

    The IoU is that of ONNX files exported from the rounded weights, measured here. Raises
    WeightsError where the checkpoints were not trained together on `dataset`.
    """
    records = [_fitting(home, spec, specs, dataset) for spec in specs]
    tensors = _rounded(home, specs)
    networks = [network_of(spec, tensors) for spec in specs]
    counts, measured = [], []
    for spec, network, record in zip(specs, networks, records, strict=True):
        counts.append(_exported_counts(spec, network, record, dataset))
        measured.append(record.model_copy(update={"validation_iou": pooled(counts[-1])}))
    ranges = {
        str(spec.size): activation_ranges(network, _photographs(dataset, spec))
        for spec, network in zip(specs, networks, strict=True)
    }
    path = box_path(specs[0], folder)
    header = json.dumps([json.loads(record.model_dump_json()) for record in measured])
    with replacing(path) as temporary:
        temporary.write_bytes(serialised(tensors, metadata={"records": header}))
    write_text(box_path(specs[0], folder, "counts.csv"), _counts_csv(specs, counts))
    write_text(box_path(specs[0], folder, "ranges.json"), _by_line(ranges))
    write_text(box_path(specs[0], folder, "md"), card(measured, counts, dataset))
    return path


def _fitting(
    home: Home, spec: ModelSpec, specs: Sequence[ModelSpec], dataset: Dataset
) -> CheckpointRecord:
    record = read_record(checkpoint_path(home, spec))
    together = tuple(other.size for other in specs)
    if record.trained_sizes != together or record.shipped is not None:
        raise WeightsError(
            f"the checkpoint of {spec.name} was trained at {record.trained_sizes}",
            expected=f"one trained here, together at {together}",
            remedy=f"bench train --together --model '{spec.arch}_{spec.width}_*' --data NAME",
        )
    if record.split != dataset.split():
        raise WeightsError(
            f"the checkpoint of {spec.name} was trained on {record.split.dataset}",
            expected=f"{dataset.record.name} as it is here",
            remedy="prepare the data set that it was trained on",
        )
    return record


def _rounded(home: Home, specs: Sequence[ModelSpec]) -> dict[str, Tensor]:
    """In fp16: a tensor that is the same at all sizes once, the others as `SIZE/NAME`."""
    states = [load(checkpoint_path(home, spec))[0].state_dict() for spec in specs]
    stored: dict[str, Tensor] = {}
    for name, first in states[0].items():
        if not first.is_floating_point():
            continue
        each = [state[name].half().contiguous() for state in states]
        if not all(torch.isfinite(tensor).all() for tensor in each):
            raise WeightsError(f"{name} does not fit fp16", expected="values below 65504")
        if all(torch.equal(tensor, each[0]) for tensor in each):
            stored[name] = each[0]
        else:
            stored |= {f"{spec.size}/{name}": t for spec, t in zip(specs, each, strict=True)}
    return stored


def _exported_counts(
    spec: ModelSpec, network: SegmentationNetwork, record: CheckpointRecord, dataset: Dataset
) -> list[ImageCounts]:
    """Export the network to ONNX in a home of its own, and count with that file."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(root=Path(folder))
        save(checkpoint_path(home, spec), network, record)
        [onnx] = targets(["onnx"], ["fp32"])
        [(_, _, outcome)] = export(home, [(spec, onnx)], jobs=1)
        if isinstance(outcome, ExportFailed):
            raise outcome
        accuracy = prove(home, spec, outcome, Photographs(dataset=dataset)).accuracy
        assert accuracy is not None
        return read_counts(home.artifact_folder(spec) / accuracy.counts_file)


def _photographs(dataset: Dataset, spec: ModelSpec) -> Iterator[Float32]:
    for item in track(chosen(dataset), f"{spec.name} ranges", "images"):
        yield to_input(dataset.photograph(item), spec.size)


def _counts_csv(specs: Sequence[ModelSpec], counts: Sequence[Sequence[ImageCounts]]) -> str:
    """A line an image: what is labelled, and its source, are the same at every size."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = [f"{spec.size}_{what}" for spec in specs for what in ("intersection", "predicted")]
    writer.writerow(["image", "source", "labelled", *columns])
    for images in zip(*counts, strict=True):
        found = [value for one in images for value in (one.intersection, one.predicted)]
        writer.writerow([images[0].image, images[0].source or "", images[0].labelled, *found])
    return stream.getvalue()


def _by_line(ranges: dict[str, dict[str, LayerRange]]) -> str:
    """JSON with a layer a line, so that a change can be read."""
    sizes = []
    for size, layers in ranges.items():
        lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(v)}" for n, v in layers.items())
        sizes.append(f"{json.dumps(size)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(sizes) + "}\n"
