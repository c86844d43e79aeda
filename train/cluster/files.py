"""Exporting and judging a variant's files as an order for some machine of a Ray."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from train.cluster.parcels import dataset_parcel
from train.data.dataset import Dataset
from zoo.artifact.manifest import Manifest, manifest_path, read_manifest, verified
from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of
from zoo.checkpoint import checkpoint_path
from zoo.cluster.orders import Shared
from zoo.cluster.parcels import Parcel, packed, strangers, unpack
from zoo.home import Home
from zoo.spec import ModelSpec

# What shapes the bytes of a file, or runs it.
PACKAGES = (
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "litert-torch",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "coremltools",
)


@dataclass(frozen=True, kw_only=True)
class FilesOrder:
    """words: after the interpreter, what is to be done with the files of this variant;
    cores_option: by which it is told of its cores. datasets: whose photographs it may read."""

    home: Home
    spec: ModelSpec
    words: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    cores_option: str | None = None
    packages: tuple[str, ...] = PACKAGES
    node: str | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def folders(self) -> Sequence[Path]:
        return self.home.checkpoint_folder(self.spec), self.home.artifact_folder(self.spec)

    def shared(self) -> list[Shared]:
        return [
            (dataset.folder, partial(dataset_parcel, self.home, dataset))
            for dataset in self.datasets
        ]

    def own(self) -> Parcel:
        """The checkpoint, and the files that are there already."""
        return packed(self.home.root, [self._checkpoints, self._files])

    def told(self, cores: int) -> dict[str, Any]:
        allowed = [self.cores_option, str(cores)] if self.cores_option else []
        return {
            "name": self.name,
            "words": [*self.words, *allowed, "--model", self.name],
            "progress": [],
            "results": [self._files],
            "folders": {},
            "environment": {},
            "answers": False,
            "partly": True,
        }

    def keep_progress(self, files: Parcel) -> None:
        raise ArtifactError(f"the worker sent {', '.join(files)}, before its end")

    def keep_results(self, files: Parcel) -> None:
        """In place of the variant's folder, once each file is the one that the manifest names."""
        folder = self.home.artifact_folder(self.spec)
        name = folder.relative_to(self.home.root).as_posix()
        if strange := strangers(files, name):
            raise ArtifactError(f"the worker sent {strange[0]!r}, which is not under {name}")
        with tempfile.TemporaryDirectory(dir=self.home.root, prefix=".incoming-") as incoming:
            there = Home(root=Path(incoming))
            unpack(there.root, files)
            self._check(there, read_manifest(there, self.spec))
            with replacing(folder) as temporary:
                shutil.move(there.artifact_folder(self.spec), temporary)

    def _check(self, there: Home, manifest: Manifest) -> None:
        if not manifest_path(there, self.spec).is_file():
            raise ArtifactError(f"the worker sent no manifest of {self.name}")
        known = read_manifest(self.home, self.spec)
        lost = known.artifacts.keys() - manifest.artifacts.keys() - manifest.failures.keys()
        if lost:
            raise ArtifactError(f"the worker sent {self.name} without its {', '.join(lost)}")
        checkpoint = sha256_of(checkpoint_path(self.home, self.spec))
        for artifact in manifest.artifacts.values():
            verified(there, self.spec, artifact)
            before = known.artifacts.get(artifact.key)
            if artifact.checkpoint_sha256 != checkpoint and artifact != before:
                raise ArtifactError(f"the worker sent a {artifact.key} of another checkpoint")

    @property
    def _files(self) -> str:
        return f"{self.home.artifacts.name}/{self.name}/**/*"

    @property
    def _checkpoints(self) -> str:
        return f"{self.home.checkpoints.name}/{self.name}/*"
