"""Opens a Core ML package from anywhere: nothing leads out of it, nothing is larger than its file.

Layout: Manifest.json names the model below Data; the model is a protobuf; weights lie in files that
it refers to by offset. Source: coremltools 9.0, models/utils.py and mlmodel/format/MIL.proto; the
layout of weight files by its mlmodel/src/MILBlob/Blob/StorageFormat.hpp.
"""

from __future__ import annotations

import json
import logging
import struct
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown

LARGEST_MANIFEST, LARGEST_MODEL = 1_000_000, 256_000_000
# Of one entry in a file of weights: a mark, the type, the count of bytes, where they begin.
_ENTRY = struct.Struct("<IIQQ")
_MARK = 0xDEADBEEF
_REMEDY = "export it again, or copy the whole package once more"


@dataclass(frozen=True, kw_only=True)
class Package:
    """spec: the model's protobuf, of the file `model`."""

    path: Path
    spec: Any
    model: Path

    @property
    def folder(self) -> Path:
        """The one that `@model_path` stands for."""
        return self.model.parent

    @property
    def weights(self) -> Path:
        return self.folder / "weights"


def before_coremltools() -> None:
    """To be called before it is imported."""
    # TensorFlow beside this torch kills `import coremltools` by SIGSEGV. scikit-learn takes two
    # seconds to import, and no package that is only read needs it.
    for unwanted in ("tensorflow", "sklearn"):
        sys.modules.setdefault(unwanted, None)  # type: ignore[arg-type]
    # Off macOS it tells, at every start, of libraries that are not there.
    logging.getLogger("coremltools").setLevel(logging.ERROR)


def broken(
    path: Path, what: str, expected: str = "a Core ML package with an ML program"
) -> ArtifactError:
    return ArtifactError(shown(f"{path.name}: {what}"), expected=expected, remedy=_REMEDY)


def open_package(path: Path) -> Package:
    """Raises ArtifactError, naming what is wrong, before any of it is run."""
    if not path.is_dir():
        raise broken(path, "is no folder")
    model = _model_file(path)
    size = model.stat().st_size
    if size > LARGEST_MODEL:
        raise broken(path, f"its model has {size:,} bytes", f"{LARGEST_MODEL:,} at most")
    before_coremltools()
    from coremltools.proto import Model_pb2
    from google.protobuf.message import DecodeError

    spec = Model_pb2.Model()
    try:
        spec.ParseFromString(model.read_bytes())
    except DecodeError as error:
        raise broken(path, f"its model is no protobuf of Core ML: {error}") from error
    kind = spec.WhichOneof("Type")
    if kind != "mlProgram":
        raise broken(path, f"holds a {kind or 'model of an unknown kind'}")
    return Package(path=path, spec=spec, model=model)


def _model_file(path: Path) -> Path:
    manifest = manifest_file(path)
    if manifest.stat().st_size > LARGEST_MANIFEST:
        raise broken(path, "Manifest.json is over 1 MB")
    try:
        found = json.loads(manifest.read_bytes())
        name = found["itemInfoEntries"][found["rootModelIdentifier"]]["path"]
        return _inside(path, "Data", str(name))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(path, f"Manifest.json names no model: {error!r}") from error


def manifest_file(path: Path) -> Path:
    """Raises ArtifactError, as `blob_file`."""
    return _inside(path, "Manifest.json")


def blob_file(package: Package, name: str) -> Path:
    """What a program calls a file of weights. Raises ArtifactError for one outside its folder."""
    beyond = PurePosixPath(name)
    if beyond.parts[:2] != ("@model_path", "weights") or len(beyond.parts) != 3:
        raise broken(package.path, f"its weights lie in {name!r}", "@model_path/weights/NAME")
    within = package.folder.resolve().relative_to(package.path.resolve())
    return _inside(package.path, str(within / "weights" / beyond.name))


def _inside(path: Path, *names: str) -> Path:
    """A file of the package, whatever the names hold: no `..`, and no link that leads out."""
    place = path.joinpath(*names)
    parts = PurePosixPath(*names)
    leads_out = parts.is_absolute() or ".." in parts.parts or "\0" in "".join(names)
    if leads_out or not place.resolve().is_relative_to(path.resolve()):
        raise broken(path, f"{'/'.join(names)} leads out of the package", "files inside of it")
    if not place.is_file():
        raise broken(path, f"{'/'.join(names)} is missing", "a whole package")
    return place


def check_blob(package: Package, name: str, offset: int, least: int) -> None:
    """Raises ArtifactError unless `offset` of that file is an entry of `least` bytes, all there."""
    path = blob_file(package, name)
    size = path.stat().st_size
    if not 0 < offset <= size - _ENTRY.size:
        raise broken(package.path, f"{path.name} has {size:,} bytes, and no entry at {offset:,}")
    with path.open("rb") as file:
        file.seek(offset)
        mark, _, count, begin = _ENTRY.unpack(file.read(_ENTRY.size))
    if mark != _MARK or count < least or begin + count > size:
        raise broken(
            package.path,
            f"{path.name} is cut off or changed: its entry at {offset:,} has {count:,} bytes "
            f"from {begin:,} on, of {size:,}; {least:,} are needed",
            "the file of weights as it was written",
        )
