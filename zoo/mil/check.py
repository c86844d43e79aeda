"""Looks over a program before it is loaded: what is unknown is named, all of it at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown
from zoo.mil.package import Package, broken, check_blob
from zoo.mil.table import CONSTANTS, OPERATORS

LARGEST_TENSOR, MOST_OPERATIONS = 2_000_000_000, 100_000
# Bits of each type in MIL.proto's DataType, by its name there.
_BITS = {
    "FLOAT16": 16,
    "FLOAT32": 32,
    "FLOAT64": 64,
    "BOOL": 8,
    "STRING": 8,
    **{f"{sign}INT{bits}": bits for sign in ("", "U") for bits in (1, 2, 3, 4, 6, 8, 16, 32, 64)},
}


def check(package: Package) -> Any:
    """The program's block, of which all is known; raises ArtifactError."""
    block = block_of(package)
    if found := unknown(block):
        raise not_known(package.path, found)
    _check_order(package, block)
    for operation in block.operations:
        _check_sizes(package, operation)
    return block


def block_of(package: Package) -> Any:
    """The one block of the program's one function; raises ArtifactError."""
    functions = package.spec.mlProgram.functions
    if list(functions) != ["main"]:
        names = ", ".join(sorted(functions)) or "none"
        raise broken(package.path, f"its functions are {names}", "one, called main")
    main = functions["main"]
    if main.opset not in main.block_specializations:
        raise broken(package.path, f"main has no block for its opset {main.opset!r}")
    block = main.block_specializations[main.opset]
    if len(block.operations) > MOST_OPERATIONS:
        raise broken(package.path, f"{len(block.operations):,} operations", "100,000 at most")
    return block


def unknown(block: Any) -> list[str]:
    """All that the reference interpreter does not know, by name, in order of the alphabet."""
    return sorted(set(_unknown(block)))


def not_known(path: Path, found: Sequence[str]) -> ArtifactError:
    names = ", ".join(map(shown, found))
    return ArtifactError(
        f"{shown(path.name)} needs what the reference interpreter does not know: {names}",
        expected="operators and inputs that docs/operators.md lists",
        remedy="convert it with other options, or measure it on a Mac",
    )


def blobs(operation: Any) -> Iterator[Any]:
    """Its values that lie in files of weights."""
    values = [*operation.attributes.values()]
    for argument in operation.inputs.values():
        values += [each.value for each in argument.arguments if each.HasField("value")]
    yield from (value for value in values if value.WhichOneof("value") == "blobFileValue")


def _unknown(block: Any) -> Iterator[str]:
    for operation in block.operations:
        kind = operation.type
        if operation.blocks:
            yield f"{kind} with blocks of its own"
        elif kind in OPERATORS:
            known = OPERATORS[kind].inputs
            yield from (f"{kind}({name})" for name in operation.inputs if name not in known)
            if len(operation.outputs) != 1:
                yield f"{kind} with {len(operation.outputs)} outputs"
        elif kind not in CONSTANTS:
            yield kind


def _check_order(package: Package, block: Any) -> None:
    """Every value is there before it is used, so that there is no circle."""
    there = {given.name for given in package.spec.mlProgram.functions["main"].inputs}
    for operation in block.operations:
        for argument in operation.inputs.values():
            for each in argument.arguments:
                if each.WhichOneof("binding") == "name" and each.name not in there:
                    raise broken(
                        package.path, f"{operation.type} uses {each.name!r} before it is made"
                    )
        for output in operation.outputs:
            if output.name in there:
                raise broken(package.path, f"{output.name!r} is made twice")
            there.add(output.name)
    if missing := [name for name in block.outputs if name not in there]:
        raise broken(package.path, f"its outputs {', '.join(missing)} are never made")


def _check_sizes(package: Package, operation: Any) -> None:
    for output in operation.outputs:
        _bytes_of(package, output.type)
    for value in blobs(operation):
        blob = value.blobFileValue
        check_blob(package, blob.fileName, blob.offset, _bytes_of(package, value.type))


def _bytes_of(package: Package, type: Any) -> int:
    """Of a tensor with known sides; 0 of what is no tensor."""
    if type.WhichOneof("type") != "tensorType":
        return 0
    tensor = type.tensorType
    sides: list[int] = []
    for side in tensor.dimensions:
        if side.WhichOneof("dimension") != "constant":
            raise broken(package.path, "a tensor has no fixed shape", "sizes known beforehand")
        sides.append(side.constant.size)
    name = tensor.DESCRIPTOR.fields_by_name["dataType"].enum_type.values_by_number
    kind = name[tensor.dataType].name if tensor.dataType in name else "unknown"
    if kind not in _BITS:
        raise broken(package.path, f"a tensor is of type {kind}")
    found = math.ceil(math.prod(sides) * _BITS[kind] / 8)
    if found > LARGEST_TENSOR:
        raise broken(package.path, f"a tensor of {found:,} bytes", f"{LARGEST_TENSOR:,} at most")
    return found
