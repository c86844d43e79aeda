"""From a timed file back to its IoU: session, artifact, checkpoint, each by its hash."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from devices.records import RunRequest
from reports.gather.joined import Counts, Joined, on_data
from zoo.artifact.half import PRECISIONS
from zoo.artifact.iou import (
    ImageCounts,
    Interval,
    paired_difference,
    pooled,
    read_counts,
    whole_counts,
)
from zoo.artifact.manifest import Accuracy, Artifact, read_manifest
from zoo.artifact.resize_record import read_resizes, resize_text
from zoo.artifact.sources import headline, parted, preparing
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


def join(home: Home, request: RunRequest, data: str | None = None) -> Joined:
    """The accuracy of the very file that was timed, or the reason why it is not known.

    data: on which data set, or `worst` of all that it was counted on; see `joined.on_data`.
    """
    if request.origin == "file":
        return Joined(iou_reason="a file of one's own")
    try:
        if request.origin == "imported":
            return on_data(_of_import(home, request), data, _evaluation(home, request))
        spec = get(request.model)
        path = checkpoint_path(home, spec)
        record, checkpoint_sha256 = _checkpoint(path)
        if request.format == "torch":
            return on_data(_of_checkpoint(path, record, checkpoint_sha256, request), data, None)
        found = _of_artifact(home, spec, record, checkpoint_sha256, request)
        return on_data(found, data, _evaluation(home, request))
    except BenchError as error:
        return Joined(orphan=error.seen, remedy=error.remedy or None)


def _checkpoint(path: Path) -> tuple[CheckpointRecord, str]:
    """What it says of itself, and its hash."""
    if not path.is_file():
        return read_record(path), ""
    seen = path.stat()
    return _read(path, seen.st_size, seen.st_mtime_ns)


# The files of one checkpoint ask for it again and again.
@lru_cache(maxsize=64)
def _read(path: Path, size: int, changed_ns: int) -> tuple[CheckpointRecord, str]:
    return read_record(path), sha256_of(path)


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
        whose=(str(record.config["target"]), "validation"),
        remedy=_evaluation(home, request)(headline(_own(record))),
    )
    return _with_counts(home, spec, artifact, record, common)


def _with_counts(
    home: Home, spec: ModelSpec, artifact: Artifact, record: CheckpointRecord, common: Joined
) -> Joined:
    """With what the file was counted on; where that is not all of its checkpoint's data set, with
    what its reference export was, too. The remedy stays where something is left to find out."""
    known = {one.dataset: _counts(home, spec, one) for one in artifact.validated}
    counted = {name: counts for name, counts in known.items() if counts}
    by_data = _further(home, spec, artifact)
    for name, counts in counted.items():
        by_data |= parted(counts, name)
    change = _change(home, spec, artifact, counted)
    common = replace(common, by_data=by_data, iou_change=change)
    if by_data.keys() >= set(_own(record)):
        return replace(common, remedy=None if change else common.remedy)
    lost = [one.counts_file for one in artifact.validated if one.dataset not in counted]
    reason = f"{lost[0]} is gone or was changed" if lost else artifact.accuracy_reason
    common = replace(common, iou_reason=reason or "not measured")
    if not _stands_for(record, artifact):
        return common
    reference = _counts_of_checkpoint(checkpoint_path(home, spec), record)
    if isinstance(reference, str):
        return replace(common, iou_reason=reference)
    return replace(common, by_reference=reference)


def _own(record: CheckpointRecord) -> list[str]:
    """The data set that it was trained on, or those that this was joined of."""
    return [*record.split.parts] or [record.split.dataset]


def _of_import(home: Home, request: RunRequest) -> Joined:
    model = read_imported(home, request.model)
    if model.sha256 != request.artifact_sha256:
        now = f"imported anew since, as the file {model.sha256[:12]}"
        return Joined(orphan=f"the file {request.artifact_sha256[:12]} was {now}")
    common = Joined(size_bytes=model.size_bytes, init=IMPORTED)
    stored = read_evaluations(home, model.name)
    shown = stored.shown
    counts = "not evaluated" if shown is None else counts_of(home, model, shown)
    if shown is None or isinstance(counts, str):
        data = shown.dataset if shown else "lfw"
        remedy = f"bench eval --model {model.name} --data {shlex.quote(data)}"
        return replace(common, iou_reason=str(counts), remedy=remedy)
    by_data: dict[str, Counts] = {}
    for found in (one for one in stored.found if one.split == shown.split):
        each = counts_of(home, model, found)
        if not isinstance(each, str):
            by_data |= parted(each, found.dataset)
    return replace(common, by_data=by_data, whose=(shown.target, shown.split))


def _file(request: RunRequest) -> str:
    """As options."""
    model = shlex.quote(request.model)
    return f"--model {model} --format {request.format} --precision {request.precision}"


def _evaluation(home: Home, request: RunRequest) -> Callable[[str], str]:
    """The command that runs this file on a data set of some name, which is to be prepared first."""
    file = shlex.quote(request.model) if request.origin == "imported" else _file(request)

    def command(data: str) -> str:
        counted = f"bench eval {file} --data {shlex.quote(data)}"
        if home.dataset(data).is_dir():
            return counted
        return f"{preparing(data)}, then {counted}"

    return command


def _resizes(home: Home, spec: ModelSpec, artifact: Artifact) -> str | None:
    found = read_resizes(home, spec, artifact)
    return None if found is None else resize_text(found)


def _stands_for(record: CheckpointRecord, artifact: Artifact) -> bool:
    """Whether the shipped counts may stand beside this file, its own difference beside them."""
    floats = artifact.precision in {"fp32", *PRECISIONS}
    return record.shipped is not None and floats and artifact.parity is not None


def _change(
    home: Home, spec: ModelSpec, artifact: Artifact, counted: Mapping[str, Sequence[ImageCounts]]
) -> Interval | None:
    """The file's IoU minus torch's, paired over the images of all data sets of its checkpoint that
    it was counted on; None where torch's counts of one are not whole."""
    ours, torchs = list[ImageCounts](), list[ImageCounts]()
    for accuracy in artifact.validated:
        path = home.artifact_folder(spec) / accuracy.torch_counts_file
        found = whole_counts(path, accuracy.torch_counts_sha256)
        if found is None or accuracy.dataset not in counted:
            return None
        torchs += _named(found, accuracy.dataset)
        ours += _named(counted[accuracy.dataset], accuracy.dataset)
    return paired_difference(ours, torchs) if ours else None


def _named(counts: Sequence[ImageCounts], data: str) -> list[ImageCounts]:
    """Two data sets may have an image of one name."""
    return [replace(one, image=f"{data}.{one.image}") for one in counts]


def _counts(home: Home, spec: ModelSpec, accuracy: Accuracy) -> list[ImageCounts] | None:
    """The stored counts, None where they are gone or were changed."""
    return whole_counts(home.artifact_folder(spec) / accuracy.counts_file, accuracy.counts_sha256)


def _further(home: Home, spec: ModelSpec, artifact: Artifact) -> dict[str, Counts]:
    """By data set, on other validation images than all of the checkpoint's own."""
    found: dict[str, Counts] = {}
    for accuracy in artifact.others.values():
        counts = _counts(home, spec, accuracy) if accuracy.split == "validation" else None
        found |= parted(counts, accuracy.dataset) if counts else {}
    return found


def _of_checkpoint(
    path: Path, record: CheckpointRecord, checkpoint: str, request: RunRequest
) -> Joined:
    if checkpoint != request.artifact_sha256:
        return Joined(orphan="the checkpoint that was timed has been replaced")
    common = Joined(
        size_bytes=size_bytes(path),
        checkpoint_sha256=checkpoint,
        init=record.init.kind,
        whose=(str(record.config["target"]), "validation"),
    )
    found = _counts_of_checkpoint(path, record)
    if isinstance(found, str):
        return replace(common, iou_reason=found)
    return replace(common, by_data=found)


def _counts_of_checkpoint(path: Path, record: CheckpointRecord) -> Mapping[str, Counts] | str:
    """What the trainer counted with these weights in torch, by data set, or the reason."""
    counts_path = path.parent / COUNTS_NAME
    if not counts_path.is_file():
        return f"{counts_path.name} is gone"
    found = _counted(sha256_of(counts_path), counts_path, record.split.dataset)
    if pooled([one for counts in found.values() for one in counts]) != record.validation_iou:
        return f"{counts_path.name} is not of this checkpoint"
    return found


# The files of one checkpoint share its counts.
@lru_cache(maxsize=64)
def _counted(sha256: str, path: Path, data: str) -> Mapping[str, Counts]:
    return parted(read_counts(path), data)
