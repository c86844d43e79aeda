"""Teachers: trained variants whose masks a training learns from, beside the labels.

Labels made of superpixels are coarse at the contour and wrong in places, in ways a network does not
repeat. A teacher's probabilities, blended into the label, say how sure each pixel is (distillation:
Hinton et al., arXiv 1503.02531). They are made once, of the whole photographs, and then cropped and
turned with them: a training with a teacher costs no more an epoch than one without.

A teacher that was trained on one part of a joined data set knows only how that part is labelled. It
teaches the photographs of that part alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from train.data.dataset import Dataset, Item
from train.init.first_weights import unchanged
from zoo.base.errors import WeightsError
from zoo.base.files import replacing, sha256_of, sha256_of_json
from zoo.base.progress import Bar, say
from zoo.checkpoint import Split, Teacher, read_record
from zoo.preprocess import UInt8, scaled
from zoo.resizing import probability_at, resized

if TYPE_CHECKING:
    import torch

    from train.evaluate import Predict

# Of photographs by their id: probability times 255, [S, S] of the largest teacher.
Masks = Mapping[str, UInt8]
FILE_NAME = "teachers.safetensors"
_KEY = "key"
_BATCH = 10


@dataclass(frozen=True, kw_only=True)
class TeacherFile:
    """What the record says of a teacher, and its checkpoint. split: what it was trained on."""

    teacher: Teacher
    path: Path
    split: Split


def choose_teachers(paths: Iterable[Path], target: str) -> tuple[TeacherFile, ...]:
    """Checkpoints of this project, of any variant; raises WeightsError, MissingStep."""
    return tuple(_teacher(path, target) for path in paths)


def _teacher(path: Path, target: str) -> TeacherFile:
    record = read_record(path)
    if record.config["target"] != target:
        raise WeightsError(
            f"{path} was trained on {record.config['target']}",
            expected=f"a teacher of {target}",
            remedy="--target, or another --teacher",
        )
    teacher = Teacher(model=record.model, sha256=sha256_of(path))
    return TeacherFile(teacher=teacher, path=path, split=record.split)


def teach(
    files: Sequence[TeacherFile], dataset: Dataset, folder: Path, device: torch.device
) -> Masks:
    """The mean of the teachers' probabilities on each training photograph and its mirror image.

    Kept in `folder` until the training is complete, so that a resumed one need not make them anew.
    Raises WeightsError where no teacher knows a part of the data set.
    """
    from safetensors.numpy import save

    key = sha256_of_json([dataset.record.sha256, [file.teacher.sha256 for file in files]])
    path = folder / FILE_NAME
    items = dataset.items("train")
    stored = _read(path, key, items)
    if stored is not None:
        return stored
    say(f"{folder.name}: the masks of {len(files)} teachers")
    known = _known(files, dataset, {item.source for item in items})
    masks = _masks(known, dataset, items, device)
    # By position: an id can be any text.
    numbered = {str(number): masks[item.id] for number, item in enumerate(items)}
    with replacing(path) as temporary:
        temporary.write_bytes(save(numbered, metadata={_KEY: key}))
    return masks


def drop_masks(folder: Path) -> None:
    """Remove what `teach` kept: the training is complete."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def _known(
    files: Sequence[TeacherFile], dataset: Dataset, sources: Iterable[str | None]
) -> dict[str | None, tuple[TeacherFile, ...]]:
    """By part of the data set, the teachers that know it."""
    parts = dataset.split().parts
    known = {}
    for source in sources:
        known[source] = tuple(file for file in files if _knows(file, source, parts))
        if not known[source]:
            raise WeightsError(
                f"no teacher knows the photographs of {source}",
                expected=f"one that was trained on {source}, or on {dataset.record.name}",
                remedy="one more --teacher",
            )
    return known


def _knows(file: TeacherFile, source: str | None, parts: Mapping[str, str]) -> bool:
    """Not a teacher that saw other parts of the data set alone, however they were split."""
    split = file.split
    hashes = {split.sha256, *split.parts.values()}
    saw = {*split.parts, split.dataset, *(name for name, sha in parts.items() if sha in hashes)}
    return source not in parts or source in saw or not saw & parts.keys()


def _masks(
    known: Mapping[str | None, Sequence[TeacherFile]],
    dataset: Dataset,
    items: Sequence[Item],
    device: torch.device,
) -> Masks:
    loaded = {file.path: _loaded(file, device) for files in known.values() for file in files}
    masks: dict[str, UInt8] = {}
    with Bar("teachers", len(items), "images") as bar:
        for source, files in known.items():
            teachers = [loaded[file.path] for file in files]
            theirs = [item for item in items if item.source == source]
            for start in range(0, len(theirs), _BATCH):
                batch = theirs[start : start + _BATCH]
                masks |= _batch_masks(teachers, dataset, batch)
                bar.step(len(batch))
    return masks


def _loaded(file: TeacherFile, device: torch.device) -> tuple[int, Predict]:
    from train.evaluate import torch_predictor
    from zoo.checkpoint import load

    unchanged(file.path, file.teacher.sha256)
    network, record = load(file.path)
    return record.spec.size, torch_predictor(network.to(device))


def _batch_masks(
    teachers: Sequence[tuple[int, Predict]], dataset: Dataset, batch: Sequence[Item]
) -> Masks:
    photographs = [dataset.photograph(item) for item in batch]
    side = max(size for size, _ in teachers)
    total = np.zeros((len(batch), side, side), np.float32)
    for size, predict in teachers:
        images = scaled(np.stack([resized(photograph, size) for photograph in photographs]))
        mirrored = predict(np.ascontiguousarray(images[..., ::-1]))[..., ::-1]
        for row, mean in zip(total, (predict(images) + mirrored) / 2, strict=True):
            row += probability_at(mean, side, side)
    means = (total * 255 / len(teachers)).round().clip(0, 255).astype(np.uint8)
    return {item.id: mean for item, mean in zip(batch, means, strict=True)}


def _read(path: Path, key: str, items: Sequence[Item]) -> Masks | None:
    """What is stored, if it is whole and of these teachers and photographs."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as stored:
            if (stored.metadata() or {}).get(_KEY) != key:
                return None
            return {item.id: stored.get_tensor(str(n)) for n, item in enumerate(items)}
    except (SafetensorError, OSError):
        return None
