"""All that belongs to a model file: itself, and the files beside it that hold its weights.

A graph may keep its weights in other files (ONNX's external data, TFLite's external buffers). Two
models of one graph and other weights are two models, so hash and size are of the whole.
"""

from __future__ import annotations

import hashlib
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of, size_bytes
from zoo.base.pictures import shown


def members(path: Path) -> tuple[Path, ...]:
    """The model file or package, then each further file that it names, as the names are sorted.

    Raises ArtifactError where one of those is missing, or lies outside the model's own folder. Of
    a file that cannot be read as a model, itself alone: its runtime says what is wrong with it.
    """
    return (path, *(_beside(path, name) for name in side_names(path)))


def sha256_of_model(path: Path) -> str:
    """Of all that belongs to it; where that is one file, that file's. Raises as `members`."""
    names = side_names(path)
    if not names:
        return sha256_of(path)
    digest = hashlib.sha256(bytes.fromhex(sha256_of(path)))
    for name in names:
        digest.update(name.encode() + b"\0" + bytes.fromhex(sha256_of(_beside(path, name))))
    return digest.hexdigest()


def size_of_model(path: Path) -> int:
    """In bytes, of all that belongs to it. Raises as `members`."""
    return sum(map(size_bytes, members(path)))


def side_names(path: Path) -> list[str]:
    """As the graph names them, sorted, each once."""
    read = {".onnx": _of_onnx, ".tflite": _of_tflite}.get(path.suffix)
    if read is None or not path.is_file():
        return []
    try:
        return sorted(set(read(path)))
    except Exception:  # a damaged file can raise anything
        return []


def in_one_file(path: Path) -> str:
    """What makes one file of a model and its external data: of ONNX, a command."""
    if path.suffix != ".onnx":
        return "export it again, in one file"
    whole = path.with_name(f"whole-{path.name}")
    code = f"import onnx; onnx.save(onnx.load({str(path)!r}), {str(whole)!r})"
    return f"python -c {shlex.quote(code)}"


def _of_onnx(path: Path) -> Iterator[str]:
    import onnx

    model = onnx.load(path, load_external_data=False)
    for tensor in (*_tensors(model.graph), *(t for f in model.functions for t in _tensors(f))):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            places = [one.value for one in tensor.external_data if one.key == "location"]
            yield from places or [""]


def _tensors(part: Any) -> Iterator[Any]:
    """Of a graph or function, and of the graphs inside its operators (If, Loop)."""
    yield from getattr(part, "initializer", ())
    for sparse in getattr(part, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in part.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for graph in (attribute.g, *attribute.graphs):
                yield from _tensors(graph)


def _of_tflite(path: Path) -> Iterator[str]:
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(path.read_bytes(), 0)
    for number in range(model.ExternalBufferGroupsLength()):
        yield model.ExternalBufferGroups(number).Name().decode()


def _beside(path: Path, name: str) -> Path:
    """The regular file of that name in the model's folder, or below it."""
    found = path.parent / name
    relative = PurePosixPath(name)
    leads_out = relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name
    if not name or "\0" in name or leads_out:
        raise _outside(path, name)
    try:
        # A cache of downloads keeps links to files that lie side by side elsewhere.
        folders = (path.parent.resolve(), path.resolve().parent)
        real = found.resolve(strict=True)
        regular = stat.S_ISREG(real.stat().st_mode)
    except OSError:
        raise ArtifactError(
            f"{shown(path)} keeps weights in {shown(name)}, which is not beside it",
            expected=f"the file {shown(found)}",
            remedy="put the model and its external data into one folder",
        ) from None
    if not regular or not any(real.is_relative_to(folder) for folder in folders):
        raise _outside(path, name)
    return found


def _outside(path: Path, name: str) -> ArtifactError:
    return ArtifactError(
        f"{shown(path)} keeps weights in {shown(name)!r}, outside of its folder",
        expected="external data in regular files in the folder of the model",
        remedy="export it again in one file, or with its external data beside it",
    )
