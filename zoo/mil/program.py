"""From a package's protobuf to steps that can be run, by coremltools' own loader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.mil.check import check
from zoo.mil.operation import Step
from zoo.mil.package import Package, broken
from zoo.mil.table import CONSTANTS, OPERATORS


@dataclass(frozen=True, kw_only=True)
class Program:
    """inputs: names and shapes; types: of the inputs, as fp32; outputs: names; steps: in order."""

    inputs: Mapping[str, tuple[int, ...]]
    types: Mapping[str, str]
    outputs: tuple[str, ...]
    steps: tuple[Step, ...]


def load_program(package: Package) -> Program:
    """Raises ArtifactError; whatever coremltools raises on a checked program is one too."""
    check(package)
    from coremltools.converters.mil.frontend.milproto.load import load

    spec = package.spec
    try:
        program = load(spec, spec.specificationVersion, file_weights_dir=str(package.weights))
        main = program.functions["main"]
        steps = [_step(one) for one in main.operations if one.op_type not in CONSTANTS]
        # coremltools gives outputs of functions names of its own.
        outputs = tuple(var.name for var in main.outputs)
        inputs = {name: tuple(int(side) for side in var.shape) for name, var in main.inputs.items()}
        types = {name: _dtype(var) for name, var in main.inputs.items()}
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError, RuntimeError) as error:
        raise broken(package.path, f"coremltools cannot load it: {error}") from error
    ordered = tuple(_with_last_uses(steps, outputs))
    return Program(inputs=inputs, types=types, outputs=outputs, steps=ordered)


def _step(operation: Any) -> Step:
    operator = OPERATORS[operation.op_type]
    given: dict[str, str | list[str]] = {}
    constants: dict[str, Any] = {}
    for name in operator.inputs:
        value = getattr(operation, name, None)
        if isinstance(value, list | tuple):
            given[name] = [var.name for var in value]
            constants |= {var.name: _value(var) for var in value if _is_constant(var)}
        elif value is not None and _is_constant(value):
            constants[name] = _value(value)
        elif value is not None:
            given[name] = value.name
    (output,) = operation.outputs
    return Step(
        name=output.name,
        kind=operation.op_type,
        operator=operator,
        given=given,
        constants=constants,
        dtype=_dtype(output),
    )


def _is_constant(var: Any) -> bool:
    return var.op is not None and var.op.op_type in CONSTANTS


def _value(var: Any) -> Any:
    """Of compressed weights, what coremltools makes of them."""
    dense = var.op.op_type == "const"
    found = var.val if dense else var.op.materialized_val_inference()
    return found.astype(np.float32) if getattr(found, "dtype", None) == np.float16 else found


def _dtype(var: Any) -> str:
    from coremltools.converters.mil.mil import types

    return str(types.builtin_to_string(var.dtype))


def _with_last_uses(steps: Iterable[Step], outputs: tuple[str, ...]) -> Iterable[Step]:
    """Each step knows which values nothing needs after it."""
    found: list[Step] = []
    needed = set(outputs)
    for step in reversed(list(steps)):
        used = {name for names in step.given.values() for name in _names(names)}
        found.append(replace(step, last_use_of=tuple(used - needed)))
        needed |= used
    return reversed(found)


def _names(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names
