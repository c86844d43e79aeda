"""Exporting and judging files of some variants as an order for some machine of a Ray."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from train.cluster.parcels import USED, dataset_parcel
from train.data.dataset import Dataset, SplitName
from zoo.artifact.manifest import Manifest, manifest_path, read_manifest, verified
from zoo.base.errors import ArtifactError
from zoo.base.files import folder_beside, replacing, sha256_of
from zoo.checkpoint import checkpoint_path
from zoo.cluster.orders import Shared
from zoo.cluster.parcels import Parcel, packed, strangers, unpack
from zoo.home import Home
from zoo.spec import ModelSpec

# What runs a file beside its network.
JUDGING = ("torch", "onnx", "onnxruntime", "ai-edge-litert", "coremltools")
# What shapes the bytes of a file, too.
EXPORTING = (*JUDGING, "torchvision", "litert-torch", "ai-edge-quantizer")

# Of one order.
MOST_VARIANTS = 8


@dataclass(frozen=True, kw_only=True)
class FilesOrder:
    """words: after the interpreter, what is to be done with the files of these variants;
    cores_option: by which it is told of its cores. datasets: whose photographs it may read, and of
    which splits."""

    home: Home
    specs: tuple[ModelSpec, ...]
    words: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    packages: tuple[str, ...]
    cores_option: str | None = None
    splits: tuple[SplitName, ...] = USED
    node: str | None = None
    alone: bool = False
    beside_others: bool = False

    @property
    def name(self) -> str:
        first, *others = self.specs
        return f"{first} and {len(others)} more" if others else first.name

    @property
    def folders(self) -> Sequence[Path]:
        return [
            path
            for spec in self.specs
            for path in (self.home.checkpoint_folder(spec), self.home.artifact_folder(spec))
        ]

    def shared(self) -> list[Shared]:
        return [
            (dataset.folder, partial(dataset_parcel, self.home, dataset, self.splits))
            for dataset in self.datasets
        ]

    def own(self) -> Parcel:
        """The checkpoints, and the files that are there already."""
        checkpoints = [f"{self.home.checkpoints.name}/{spec}/*" for spec in self.specs]
        return packed(self.home.root, [*checkpoints, *self._files])

    def told(self, cores: int) -> dict[str, Any]:
        allowed = [self.cores_option, str(cores)] if self.cores_option else []
        models = [word for spec in self.specs for word in ("--model", spec.name)]
        return {
            "name": self.name,
            "words": [*self.words, *allowed, *models],
            "progress": [],
            "results": self._files,
            "folders": {},
            "environment": {},
            "answers": False,
            "partly": True,
        }

    def keep_progress(self, files: Parcel) -> None:
        raise ArtifactError(f"the worker sent {', '.join(files)}, before its end")

    def keep_results(self, files: Parcel) -> None:
        """In place of the variants' folders, once each file is the one that its manifest names."""
        names = [self._folder(spec) for spec in self.specs]
        if strange := [one for one in files if all(strangers([one], name) for name in names)]:
            raise ArtifactError(
                f"the worker sent {strange[0]!r}, which is not under {' or '.join(names)}"
            )
        with folder_beside(self.home.artifact_folder(self.specs[0])) as incoming:
            there = Home(root=incoming)
            unpack(there.root, files)
            for spec in self.specs:
                self._check(there, spec, read_manifest(there, spec))
            for spec in self.specs:
                with replacing(self.home.artifact_folder(spec)) as temporary:
                    shutil.move(there.artifact_folder(spec), temporary)

    def _check(self, there: Home, spec: ModelSpec, manifest: Manifest) -> None:
        if not manifest_path(there, spec).is_file():
            raise ArtifactError(f"the worker sent no manifest of {spec}")
        known = read_manifest(self.home, spec)
        lost = known.artifacts.keys() - manifest.artifacts.keys() - manifest.failures.keys()
        if lost:
            raise ArtifactError(f"the worker sent {spec} without its {', '.join(lost)}")
        checkpoint = sha256_of(checkpoint_path(self.home, spec))
        for artifact in manifest.artifacts.values():
            verified(there, spec, artifact)
            before = known.artifacts.get(artifact.key)
            if artifact.checkpoint_sha256 != checkpoint and artifact != before:
                raise ArtifactError(f"the worker sent a {artifact.key} of another checkpoint")

    def _folder(self, spec: ModelSpec) -> str:
        return self.home.artifact_folder(spec).relative_to(self.home.root).as_posix()

    @property
    def _files(self) -> list[str]:
        return [f"{self._folder(spec)}/**/*" for spec in self.specs]


def in_parts(specs: Sequence[ModelSpec], workers: int) -> list[tuple[ModelSpec, ...]]:
    """One for each of the workers, of at most so many variants: to load the converters takes longer
    than to export by them, and what a worker that dies had done is done again. Neighbours, which
    cost alike, come apart."""
    count = max(workers, -(-len(specs) // MOST_VARIANTS))
    parts: list[list[ModelSpec]] = [[] for _ in range(count)]
    for place, spec in enumerate(specs):
        turn, at = divmod(place, count)
        parts[count - 1 - at if turn % 2 else at].append(spec)
    return [tuple(part) for part in parts if part]
