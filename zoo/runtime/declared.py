"""What a model file says of its inputs, read from the file without running it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown

# By the type's name in TFLite's schema.
_TFLITE_TYPES = {
    "FLOAT32": "float32",
    "FLOAT16": "float16",
    "FLOAT64": "float64",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "UINT16": "uint16",
    "INT32": "int32",
    "UINT32": "uint32",
    "INT64": "int64",
    "UINT64": "uint64",
    "BOOL": "bool",
}


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One input. shape: a side that is free by its name, or as "?"; None where not even the number
    of dimensions is known. dtype: numpy's name. scaled: integers that stand for real numbers, by a
    scale in the file."""

    name: str
    shape: tuple[int | str, ...] | None
    dtype: str
    scaled: bool = False


def entries(path: Path) -> dict[str | None, tuple[Slot, ...]] | None:
    """By the name of each signature its inputs, in the file's order; the one key is None where
    there is but one way to run the file.

    None where the file does not tell: it is of another format, or broken, which its runtime says
    better. Raises ArtifactError for inputs that are no tensors of numbers.
    """
    read = {".onnx": _of_onnx, ".tflite": _of_tflite}.get(path.suffix)
    if read is None or not path.is_file():
        return None
    try:
        return read(path)
    except ArtifactError:
        raise
    except Exception:  # a damaged file can raise anything
        return None


def _of_onnx(path: Path) -> dict[str | None, tuple[Slot, ...]]:
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    return {None: tuple(_onnx_slot(path, one) for one in onnx_inputs(graph))}


def onnx_inputs(graph: Any) -> list[Any]:
    """Those that are fed: older writers list the weights among them."""
    weights = {tensor.name for tensor in graph.initializer}
    return [one for one in graph.input if one.name not in weights]


def _onnx_slot(path: Path, given: Any) -> Slot:
    import onnx

    if not given.type.HasField("tensor_type"):
        raise _no_numbers(path, given.name, given.type.WhichOneof("value") or "of no type")
    tensor = given.type.tensor_type
    kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    dtype = {"float": "float32", "double": "float64"}.get(kind, kind)
    if dtype not in _TFLITE_TYPES.values():
        raise _no_numbers(path, given.name, dtype)
    shape = None
    if tensor.HasField("shape"):
        shape = tuple(
            side.dim_value if side.dim_value > 0 else side.dim_param or "?"
            for side in tensor.shape.dim
        )
    return Slot(name=given.name, shape=shape, dtype=dtype)


def _of_tflite(path: Path) -> dict[str | None, tuple[Slot, ...]]:
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(path.read_bytes(), 0)
    defined = [model.SignatureDefs(i) for i in range(model.SignatureDefsLength())]
    if len({one.SubgraphIndex() for one in defined}) < 2:
        graph = model.Subgraphs(0)
        indices = [graph.Inputs(place) for place in range(graph.InputsLength())]
        return {None: tuple(_tflite_slots(path, graph, [(None, index) for index in indices]))}
    found: dict[str | None, tuple[Slot, ...]] = {}
    for one in defined:
        maps = [one.Inputs(place) for place in range(one.InputsLength())]
        named = [(each.Name().decode(), each.TensorIndex()) for each in maps]
        graph = model.Subgraphs(one.SubgraphIndex())
        found[one.SignatureKey().decode()] = tuple(_tflite_slots(path, graph, named))
    return found


def _tflite_slots(
    path: Path, graph: Any, indices: Sequence[tuple[str | None, int]]
) -> Iterator[Slot]:
    """By the name that is given, else by the tensor's own."""
    from ai_edge_litert.schema_py_generated import TensorType

    names = {number: name for name, number in vars(TensorType).items() if isinstance(number, int)}
    for given, index in indices:
        tensor = graph.Tensors(index)
        name, kind = given or tensor.Name().decode(), names[tensor.Type()]
        if kind not in _TFLITE_TYPES:
            raise _no_numbers(path, name, kind)
        fixed = _numbers(tensor.ShapeAsNumpy(), tensor.ShapeLength())
        signature = _numbers(tensor.ShapeSignatureAsNumpy(), tensor.ShapeSignatureLength())
        sides = [side if side > 0 else "?" for side in (signature or fixed)]
        scale = tensor.Quantization()
        dtype = _TFLITE_TYPES[kind]
        yield Slot(
            name=name,
            shape=tuple(sides),
            dtype=dtype,
            scaled=bool(scale and scale.ScaleLength()) and np.dtype(dtype).kind in "iu",
        )


def _numbers(values: Any, length: int) -> list[int]:
    return [int(side) for side in values] if length else []


def _no_numbers(path: Path, name: str, kind: str) -> ArtifactError:
    return ArtifactError(
        f"input {shown(name)} of {shown(path.name)} is {shown(kind)}",
        expected="tensors of numbers: floats, integers of 8 to 64 bits, or booleans",
        remedy="export the part of the model that takes such tensors",
    )
