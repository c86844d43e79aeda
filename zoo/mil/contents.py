"""What is inside a package, without running it: inputs, outputs, operations, weights, target."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zoo.mil.check import block_of, unknown
from zoo.mil.package import Package

# By the version of the model's format. Source: coremltools 9.0, _deployment_compatibility.py.
TARGETS: Mapping[int, str] = {
    6: "iOS 15, macOS 12",
    7: "iOS 16, macOS 13",
    8: "iOS 17, macOS 14",
    9: "iOS 18, macOS 15",
    10: "iOS 26, macOS 26",
}
_FLOATS = {"FLOAT16": "fp16", "FLOAT32": "fp32", "FLOAT64": "fp64"}
_COLOURS = {"RGB": "rgb", "BGR": "bgr"}


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or an output, as Core ML shows it to an app. type: of an image its colours, rgb, bgr
    or grey, with 8 bits each; else numpy's name of the numbers, or Core ML's of what is no array.
    shape: of an image height and width; empty where it is not known beforehand."""

    name: str
    image: bool
    type: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """operations: how many of each kind, the most frequent first, without constants. weights: how
    many values are stored as what: fp32, fp16, int8w, pal6 and so on. unknown: what the reference
    interpreter does not know."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operations: Mapping[str, int]
    weights: Mapping[str, int]
    specification_version: int
    target: str | None
    unknown: tuple[str, ...]

    @property
    def precision(self) -> str | None:
        """What most weights are stored as; None without weights."""
        return max(self.weights, key=lambda kind: self.weights[kind], default=None)


def contents(package: Package) -> Contents:
    """Raises ArtifactError for a package whose program is not one block."""
    block, described = block_of(package), package.spec.description
    types = {output.name: output.type for one in block.operations for output in one.outputs}
    kinds = Counter(one.type for one in block.operations if one.type != "const")
    version = package.spec.specificationVersion
    return Contents(
        inputs=tuple(_port(one, types) for one in described.input),
        outputs=tuple(_port(one, types) for one in described.output),
        operations=dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        weights=dict(_weights(block, types).most_common()),
        specification_version=version,
        target=TARGETS.get(version),
        unknown=tuple(unknown(block)),
    )


def _port(described: Any, types: Mapping[str, Any]) -> Port:
    kind = described.type.WhichOneof("Type") or "nothing"
    declared: Any = getattr(described.type, kind, None)
    if kind == "imageType":
        colour = _named(declared, "colorSpace", declared.colorSpace)
        return Port(
            name=described.name,
            image=True,
            type=_COLOURS.get(colour, "grey" if colour == "GRAYSCALE" else colour.lower()),
            shape=(declared.height, declared.width),
        )
    if kind != "multiArrayType":
        return Port(name=described.name, image=False, type=kind, shape=())
    # Converters leave out the shapes of many outputs; the program has them.
    shape = tuple(declared.shape) or tuple(_sides(types.get(described.name)))
    name = _named(declared, "dataType", declared.dataType).lower()
    type = "float64" if name == "double" else name
    return Port(name=described.name, image=False, type=type, shape=shape)


def _named(message: Any, field: str, number: int) -> str:
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[number].name) if number in values else f"unknown {number}"


def _sides(type: Any) -> Iterator[int]:
    """Of a tensor whose sides are all known."""
    if type is not None and type.WhichOneof("type") == "tensorType":
        sides = type.tensorType.dimensions
        if all(side.WhichOneof("dimension") == "constant" for side in sides):
            yield from (int(side.constant.size) for side in sides)


def _weights(block: Any, types: Mapping[str, Any]) -> Counter[str]:
    """Values by what they are stored as. Whole numbers are indices, or weights that another
    operation makes numbers of."""
    found = Counter[str]()
    for operation in block.operations:
        if operation.type != "const" and not operation.type.startswith("constexpr_"):
            continue
        for output in operation.outputs:
            stored = _stored_as(operation, output.type, types)
            if stored and (sides := list(_sides(output.type))):
                found[stored] += math.prod(sides)
    return found


def _stored_as(operation: Any, type: Any, types: Mapping[str, Any]) -> str | None:
    """None of what is no weights."""
    if operation.type == "constexpr_affine_dequantize":
        return "int8w"
    if operation.type == "constexpr_blockwise_shift_scale":
        name = _type_name(_given(operation, "data", types))
        return f"{name.lower().removeprefix('u')}w"
    if operation.type == "constexpr_lut_to_dense":
        sides = list(_sides(_given(operation, "lut", types)))
        # Of iOS 16 one palette; later of each block: [..., entries, values in an entry].
        entries = sides[-2] if len(sides) > 1 else sides[0] if sides else 0
        return f"pal{max(entries - 1, 1).bit_length()}"
    return _FLOATS.get(_type_name(type))


def _given(operation: Any, name: str, types: Mapping[str, Any]) -> Any:
    """The type of an attribute or an input."""
    if name in operation.attributes:
        return operation.attributes[name].type
    for each in operation.inputs[name].arguments if name in operation.inputs else ():
        return each.value.type if each.HasField("value") else types.get(each.name)
    return None


def _type_name(type: Any) -> str:
    if type is None or type.WhichOneof("type") != "tensorType":
        return ""
    return _named(type.tensorType, "dataType", type.tensorType.dataType)
