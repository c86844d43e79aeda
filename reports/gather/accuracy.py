"""From a timed file back to its IoU: session, artifact, checkpoint, each by its hash."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from devices.base import RunRequest
from zoo.artifact.half import PRECISIONS
from zoo.artifact.iou import (
    ImageCounts,
    Interval,
    interval,
    mean_interval,
    paired_difference,
    pooled,
    pooled_draws,
    read_counts,
    whole_counts,
)
from zoo.artifact.manifest import Artifact, read_manifest
from zoo.artifact.resize_record import read_resizes, resize_text
from zoo.base.errors import BenchError
from zoo.base.files import sha256_of, size_bytes
from zoo.checkpoint import COUNTS_NAME, CheckpointRecord, checkpoint_path, read_record
from zoo.home import Home
from zoo.imported.accuracy import counts_of, read_evaluations
from zoo.imported.record import read_imported
from zoo.registry import get
from zoo.spec import ModelSpec

# In the place of where the first weights came from.
IMPORTED = "imported"
# What prepares a data set of that name.
PREPARED = {"lfw": "bench data lfw", "synthetic": "bench data synthetic"}


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What the chain of hashes says of a timed file.

    orphan: the reason where the chain is broken; nothing of it is joined then. iou_reason: why
    there is no IoU. iou_of: the class, images and split that it was counted on; IoUs of different
    ones are not to be compared. remedy: the command that would tell the file's own IoU, or make the
    file; None where it is known, or where none would. counts: what the IoU is made of, an image
    each. iou_change: the file's IoU minus torch's, paired over the same images. rejected: why the
    file is not to be used.
    unlike_pixels: the share of its masks' pixels that change sides against torch's.
    init: where the first weights came from; a front that mixes them compares more than width.
    resizes: what other ways of shrinking the photograph cost, in words, where that was measured.
    """

    orphan: str | None = None
    iou: Interval | None = None
    counts: tuple[ImageCounts, ...] = field(default=(), repr=False)
    mean_iou: Interval | None = None
    iou_change: Interval | None = None
    rejected: str | None = None
    iou_reason: str | None = None
    remedy: str | None = None
    iou_of: str | None = None
    of_reference: bool = False
    max_abs_difference: float | None = None
    unlike_pixels: float | None = None
    size_bytes: int | None = None
    checkpoint_sha256: str | None = None
    init: str | None = None
    commit: str | None = None
    resizes: str | None = None

    @cached_property
    def draws(self) -> NDArray[np.float64]:
        """Pooled IoUs of resampled images, the same images for all files; [REPLICATES]."""
        return _pooled(self.counts)


def join(home: Home, request: RunRequest) -> Joined:
    """The accuracy of the very file that was timed, or the reason why it is not known."""
    if request.origin == "file":
        return Joined(iou_reason="a file of one's own")
    try:
        if request.origin == "imported":
            return _of_import(home, request)
        spec = get(request.model)
        path = checkpoint_path(home, spec)
        record, checkpoint_sha256 = read_record(path), sha256_of(path)
        if request.format == "torch":
            return _of_checkpoint(path, record, checkpoint_sha256, request)
        return _of_artifact(home, spec, record, checkpoint_sha256, request)
    except BenchError as error:
        return Joined(orphan=error.seen, remedy=error.remedy or None)


def _of_artifact(
    home: Home, spec: ModelSpec, record: CheckpointRecord, checkpoint: str, request: RunRequest
) -> Joined:
    artifact = read_manifest(home, spec).artifacts.get(f"{request.format}.{request.precision}")
    export = f"bench export {_file(request)}"
    if artifact is None or artifact.sha256 != request.artifact_sha256:
        gone = f"no manifest holds the file {request.artifact_sha256[:12]} any more"
        return Joined(orphan=gone, remedy=None if artifact else export)
    if artifact.checkpoint_sha256 != checkpoint:
        gone = "the checkpoint it was exported from has been replaced"
        return Joined(orphan=gone, remedy=export)
    common = Joined(
        max_abs_difference=artifact.parity.max_abs_difference if artifact.parity else None,
        unlike_pixels=artifact.parity.unlike_pixels if artifact.parity else None,
        size_bytes=artifact.size_bytes,
        checkpoint_sha256=checkpoint,
        init=record.init.kind,
        commit=artifact.commit,
        rejected=artifact.rejected,
        resizes=_resizes(home, spec, artifact),
    )
    counts, what = _counts(home, spec, record, artifact)
    evaluation = _evaluation(home, record, request)
    if counts is not None:
        torchs = _counts_of_torch(home, spec, artifact)
        change = paired_difference(counts, torchs) if torchs else None
        told = None if torchs else evaluation
        return replace(_with_iou(common, counts, what), iou_change=change, remedy=told)
    common = replace(common, remedy=evaluation)
    if not _stands_for(record, artifact):
        return _with_iou(common, None, what)
    reference, whose = _counts_of_checkpoint(checkpoint_path(home, spec), record)
    whose = f"{whose}, of the reference export of these weights" if reference else whose
    joined = _with_iou(common, reference, whose)
    return replace(joined, of_reference=joined.iou is not None, iou_reason=what)


def _of_import(home: Home, request: RunRequest) -> Joined:
    model = read_imported(home, request.model)
    if model.sha256 != request.artifact_sha256:
        now = f"imported anew since, as the file {model.sha256[:12]}"
        return Joined(orphan=f"the file {request.artifact_sha256[:12]} was {now}")
    common = Joined(size_bytes=model.size_bytes, init=IMPORTED)
    shown = read_evaluations(home, model.name).shown
    counts = "not evaluated" if shown is None else counts_of(home, model, shown)
    if shown is None or isinstance(counts, str):
        data = shown.dataset if shown else "lfw"
        remedy = f"bench eval --model {model.name} --data {shlex.quote(data)}"
        return replace(common, iou_reason=str(counts), remedy=remedy)
    what = f"{shown.dataset} {shown.split}"
    return _with_iou(common, counts, _named(shown.target, what, shown.images, shown.split_sha256))


def _file(request: RunRequest) -> str:
    """As options."""
    return f"--model {request.model} --format {request.format} --precision {request.precision}"


def _evaluation(home: Home, record: CheckpointRecord, request: RunRequest) -> str:
    """The command that runs this file on the photographs its checkpoint was chosen on."""
    name = record.split.dataset
    command = f"bench eval {_file(request)} --data {shlex.quote(name)}"
    if home.dataset(name).is_dir():
        return command
    own = f"bench data folder FOLDER --name {shlex.quote(name)}"
    return f"{PREPARED.get(name, own)}, then {command}"


def _resizes(home: Home, spec: ModelSpec, artifact: Artifact) -> str | None:
    found = read_resizes(home, spec, artifact)
    return None if found is None else resize_text(found)


def _stands_for(record: CheckpointRecord, artifact: Artifact) -> bool:
    """Whether the shipped counts may stand beside this file, its own difference beside them."""
    floats = artifact.precision in {"fp32", *PRECISIONS}
    return record.shipped is not None and floats and artifact.parity is not None


def _counts_of_torch(home: Home, spec: ModelSpec, artifact: Artifact) -> list[ImageCounts] | None:
    """What torch counted on the images of the file's own counts, if that is whole."""
    accuracy = artifact.accuracy
    if accuracy is None:
        return None
    path = home.artifact_folder(spec) / accuracy.torch_counts_file
    return whole_counts(path, accuracy.torch_counts_sha256)


def _counts(
    home: Home, spec: ModelSpec, record: CheckpointRecord, artifact: Artifact
) -> tuple[list[ImageCounts] | None, str]:
    """The stored counts and what they are of, or None and the reason."""
    accuracy = artifact.accuracy
    if accuracy is None:
        return None, artifact.accuracy_reason or "not measured"
    path = home.artifact_folder(spec) / accuracy.counts_file
    counts = whole_counts(path, accuracy.counts_sha256)
    if counts is None:
        return None, f"{path.name} is gone or was changed"
    what = f"{accuracy.dataset} {accuracy.split}"
    return counts, _named(record.config["target"], what, accuracy.images, accuracy.split_sha256)


def _of_checkpoint(
    path: Path, record: CheckpointRecord, checkpoint: str, request: RunRequest
) -> Joined:
    if checkpoint != request.artifact_sha256:
        return Joined(orphan="the checkpoint that was timed has been replaced")
    common = Joined(
        size_bytes=size_bytes(path), checkpoint_sha256=checkpoint, init=record.init.kind
    )
    return _with_iou(common, *_counts_of_checkpoint(path, record))


def _counts_of_checkpoint(
    path: Path, record: CheckpointRecord
) -> tuple[list[ImageCounts] | None, str]:
    """What the trainer counted with these weights in torch, or None and the reason."""
    counts_path = path.parent / COUNTS_NAME
    if not counts_path.is_file():
        return None, f"{counts_path.name} is gone"
    counts = read_counts(counts_path)
    if pooled(counts) != record.validation_iou:
        return None, f"{counts_path.name} is not of this checkpoint"
    what = f"{record.split.dataset} validation"
    return counts, _named(record.config["target"], what, len(counts), record.split.sha256)


def _named(target: object, what: str, images: int, split_sha256: str) -> str:
    return f"{target} on {what}, {images} images (split {split_sha256[:8]})"


def _with_iou(common: Joined, counts: list[ImageCounts] | None, what: str) -> Joined:
    if counts is None:
        return replace(common, iou_reason=what)
    iou, mean_iou = _ious(tuple(counts))
    return replace(common, iou=iou, mean_iou=mean_iou, iou_of=what, counts=tuple(counts))


# Files whose accuracy is that of one reference export have the same counts.
@lru_cache(maxsize=256)
def _pooled(counts: tuple[ImageCounts, ...]) -> NDArray[np.float64]:
    return pooled_draws(counts)


@lru_cache(maxsize=256)
def _ious(counts: tuple[ImageCounts, ...]) -> tuple[Interval, Interval]:
    """The pooled IoU, and the mean over images."""
    return interval(pooled(counts), _pooled(counts), len(counts)), mean_interval(counts)
