"""What torch makes of a few fixed inputs, stored with a variant's files when they are exported.

By it a phone's or a browser's masks are checked where torch is not installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from zoo.artifact.manifest import Sha256, read_manifest
from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of, write_text
from zoo.base.frozen import Frozen, read_json
from zoo.home import Home
from zoo.preprocess import Float32
from zoo.spec import ModelSpec

RECORD_NAME, FILE_NAME = "expected.json", "expected.npz"
# An input, RGB float32 [1, 3, S, S] in 0..1, and torch's mask of it [S, S].
Pair = tuple[Float32, Float32]


class ExpectedRecord(Frozen):
    """checkpoint_sha256: of the weights that made the masks. sha256: of the file they lie in."""

    model: str
    checkpoint_sha256: Sha256
    sha256: Sha256
    inputs: Annotated[int, Field(gt=0, le=64)]


def is_stored(home: Home, spec: ModelSpec, checkpoint_sha256: str) -> bool:
    """Whether those of this checkpoint are there and whole."""
    folder = home.artifact_folder(spec)
    if not (folder / RECORD_NAME).is_file():
        return False
    record = read_json(ExpectedRecord, folder / RECORD_NAME, "a record of masks", spec.name)
    whole = (folder / FILE_NAME).is_file() and sha256_of(folder / FILE_NAME) == record.sha256
    return whole and record.checkpoint_sha256 == checkpoint_sha256


def write_expected(
    home: Home, spec: ModelSpec, pairs: Sequence[Pair], checkpoint_sha256: str
) -> None:
    """The masks first, their record last."""
    folder = home.artifact_folder(spec)
    with replacing(folder / FILE_NAME) as temporary, temporary.open("wb") as stream:
        images, masks = (np.stack([pair[i] for pair in pairs]) for i in (0, 1))
        np.savez_compressed(stream, images=images, masks=masks)
    record = ExpectedRecord(
        model=spec.name,
        checkpoint_sha256=checkpoint_sha256,
        sha256=sha256_of(folder / FILE_NAME),
        inputs=len(pairs),
    )
    write_text(folder / RECORD_NAME, record.model_dump_json(indent=1) + "\n")


def read_expected(home: Home, spec: ModelSpec) -> list[Pair] | str:
    """The pairs, or why there are none. Raises ArtifactError where they were changed."""
    folder = home.artifact_folder(spec)
    again = f"bench export --model {spec.name}"
    if not (folder / RECORD_NAME).is_file():
        return f"torch's masks are not stored with its files: {again}"
    record = read_json(ExpectedRecord, folder / RECORD_NAME, "a record of masks", spec.name)
    of = {artifact.checkpoint_sha256 for artifact in read_manifest(home, spec).artifacts.values()}
    if record.checkpoint_sha256 not in of:
        return f"the stored masks are of other weights than its files: {again}"
    path = folder / FILE_NAME
    if not path.is_file() or sha256_of(path) != record.sha256:
        raise ArtifactError(
            f"{path} is gone or was changed",
            expected=f"the file of hash {record.sha256[:12]}",
            remedy=again,
        )
    return _pairs(path, spec)


def _pairs(path: Path, spec: ModelSpec) -> list[Pair]:
    with np.load(path, allow_pickle=False) as stored:
        images = np.asarray(stored["images"], np.float32)
        masks = np.asarray(stored["masks"], np.float32)
    size = spec.size
    if images.shape[1:] != (1, 3, size, size) or masks.shape != (len(images), size, size):
        raise ArtifactError(
            f"{path} holds arrays of {images.shape} and {masks.shape}",
            expected=f"images [N, 1, 3, {size}, {size}] and masks [N, {size}, {size}]",
            remedy=f"bench export --model {spec.name}",
        )
    return list(zip(images, masks, strict=True))
