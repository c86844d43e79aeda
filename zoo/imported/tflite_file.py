"""What a TFLite file tells of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import number_types

from zoo.artifact.tflite_graph import read_model
from zoo.base.errors import ArtifactError

ENTRY = b"TFLITE_METADATA"
NORMALIZATION_OPTIONS = 1
# Slots of tables in tflite-support's metadata_schema.fbs.
SUBGRAPHS, INPUTS, PROCESS_UNITS = 3, 2, 4
INT8 = (schema.TensorType.INT8, schema.TensorType.UINT8)
FEWER_BITS = (schema.TensorType.INT4, schema.TensorType.UINT4, schema.TensorType.INT2)


def make_whole(source: Path, copy: Path, size: list[int] | None) -> None:
    """It is."""


def precision(path: Path) -> str:
    """Of its weights and its arithmetic, as the zoo names it."""
    model = _read(path)
    graph = model.subgraphs[0]
    weights, others = Counter[int](), Counter[int]()
    for tensor in graph.tensors:
        stored = model.buffers[tensor.buffer].data
        if stored is not None:
            weights[tensor.type] += len(stored)
        else:
            others[tensor.type] += 1
    most = max(weights, key=lambda kind: weights[kind], default=schema.TensorType.FLOAT32)
    if most in FEWER_BITS:
        return "int8w"
    if most in INT8:
        quantised = sum(others[kind] for kind in INT8)
        return "int8" if 2 * quantised > others.total() else "int8w"
    return "fp16" if most == schema.TensorType.FLOAT16 else "fp32"


def normalisation(path: Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation of pixels in 0..255, where its LiteRT metadata hold them."""
    model = _read(path)
    found = next((e for e in model.metadata or [] if e.name == ENTRY), None)
    if found is None:
        return None
    content = model.buffers[found.buffer].data
    if content is None:
        return None
    try:
        options = _options(bytes(np.asarray(content, np.uint8)))
    except Exception:  # damaged metadata can raise anything, and are only a hint
        return None
    return options if options is not None and _is_sound(*options) else None


def images(path: Path) -> Mapping[str, str]:
    """It knows tensors alone."""
    return {}


def _is_sound(mean: tuple[float, ...], std: tuple[float, ...]) -> bool:
    """Of all channels or of each, and in the range of pixels."""
    within = all(0 <= value <= 255 for value in mean) and all(1e-3 < value <= 255 for value in std)
    return within and len(mean) in (1, 3) and len(std) in (1, 3)


def _options(content: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    root = flatbuffers.encode.Get(number_types.UOffsetTFlags.packer_type, content, 0)
    table = flatbuffers.table.Table(content, root)
    for slot in (SUBGRAPHS, INPUTS):
        (table, *_) = _tables(table, slot)
    for unit in _tables(table, PROCESS_UNITS):
        at = unit.Offset(4)
        if at and unit.Get(number_types.Uint8Flags, unit.Pos + at) == NORMALIZATION_OPTIONS:
            options = flatbuffers.table.Table(content, 0)
            unit.Union(options, unit.Offset(6))
            return _floats(options, 0), _floats(options, 1)
    return None


def _tables(table: Any, slot: int) -> list[Any]:
    at = table.Offset(4 + 2 * slot)
    if not at:
        return []
    start = table.Vector(at)
    places = [table.Indirect(start + 4 * i) for i in range(min(table.VectorLen(at), 64))]
    return [flatbuffers.table.Table(table.Bytes, place) for place in places]


def _floats(table: Any, slot: int) -> tuple[float, ...]:
    at = table.Offset(4 + 2 * slot)
    start, count = table.Vector(at), min(table.VectorLen(at), 64)
    kind = number_types.Float32Flags
    return tuple(float(table.Get(kind, start + 4 * i)) for i in range(count))


def _read(path: Path) -> Any:
    try:
        return read_model(path)
    except Exception as error:  # a damaged file can raise anything
        raise ArtifactError(f"{path} is no TFLite model: {error}") from error
