"""What an ONNX file tells of itself, and how a copy of it is made whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto

from zoo.base.errors import ArtifactError
from zoo.runtime.declared import onnx_inputs
from zoo.runtime.members import members

# Of weights that are stored in integers.
WHOLE = (
    *(TensorProto.INT8, TensorProto.INT4, TensorProto.INT2),
    *(TensorProto.UINT8, TensorProto.UINT4, TensorProto.UINT2),
)


def make_whole(source: Path, copy: Path, size: list[int] | None) -> None:
    """Write the copy anew where weights lie beside the source, or where sides are free.

    Raises ArtifactError where sides are free and no size, height and width, is given."""
    bare = _load(source, weights=False)
    beside = any(tensor.external_data for tensor in bare.graph.initializer)
    free = any(_free(given) for given in onnx_inputs(bare.graph))
    if not beside and not free:
        return
    model = _whole(source) if beside else bare
    for given in onnx_inputs(model.graph):
        if _free(given):
            _set(given, size)
    # What was inferred for other sides says nothing of these.
    del model.graph.value_info[:]
    onnx.save(model, copy)


def precision(path: Path) -> str:
    """Of its weights and its arithmetic, as the zoo names it."""
    graph = _load(path, weights=False).graph
    operators = {node.op_type for node in graph.node}
    types: dict[int, int] = {}
    for tensor in graph.initializer:
        count = 1
        for side in tensor.dims:
            count *= side
        types[tensor.data_type] = types.get(tensor.data_type, 0) + count
    most = max(types, key=lambda kind: types[kind], default=TensorProto.FLOAT)
    if operators & {"QLinearConv", "QuantizeLinear", "ConvInteger", "DynamicQuantizeLinear"}:
        return "int8"
    if most in WHOLE:
        return "int8w"
    if most != TensorProto.FLOAT16:
        return "fp32"
    weights = {t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT16}
    casts = [node for node in graph.node if node.op_type == "Cast"]
    cast = {name for node in casts for name in node.input}
    made = {name for node in casts for name in node.output}
    # The zoo's own, whose Clips alone are in fp32.
    clips = any(node.op_type == "Clip" and node.input[0] in made for node in graph.node)
    return "fp16" if clips or len(weights & cast) * 2 > len(weights) else "fp16a"


def normalisation(path: Path) -> None:
    """No field of the format holds it."""


def images(path: Path) -> Mapping[str, str]:
    """It knows tensors alone."""
    return {}


def _whole(source: Path) -> onnx.ModelProto:
    """With its external data, also where those are links, as in a cache of downloads: onnx follows
    none."""
    with tempfile.TemporaryDirectory() as folder:
        for one in members(source):
            copy = Path(folder) / one.relative_to(source.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one, copy)
        return _load(Path(folder) / source.name, weights=True)


def _load(path: Path, weights: bool) -> onnx.ModelProto:
    try:
        return onnx.load(path, load_external_data=weights)
    except Exception as error:  # protobuf and onnx raise classes of many kinds
        raise ArtifactError(
            f"{path} is no ONNX model: {error}",
            expected="a whole .onnx file, its weights beside it",
        ) from error


def _free(given: Any) -> bool:
    """Whether a side is not fixed."""
    return any(side.dim_value <= 0 for side in given.type.tensor_type.shape.dim)


def _set(given: Any, size: list[int] | None) -> None:
    """The first side, the batch, to one picture; the others to the size."""
    sides = given.type.tensor_type.shape.dim
    if size is None and any(side.dim_value <= 0 for side in sides[1:]):
        told = [side.dim_value or side.dim_param or "?" for side in sides]
        raise ArtifactError(
            f"input {given.name!r} takes pictures of any size: {told}",
            expected="the size that it is to run at",
            remedy="--size 256, or --size 144x256 as height and width",
        )
    left = list(size or ())
    for side in list(sides)[1:]:
        if side.dim_value <= 0 and left:
            side.dim_value = left.pop(0)
    if len(sides) and sides[0].dim_value <= 0:
        sides[0].dim_value = 1
