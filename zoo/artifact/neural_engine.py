"""Which operators of a Core ML package are known to leave the Neural Engine.

By public sources alone: docs/operators.md lists them under the marks that stand here. Apple
publishes no list, so an operator that is not named may leave the engine too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Protocol

from pydantic import Field

from zoo.base.frozen import Frozen

EVERY = "every operator"
RESIZES = ("upsample_bilinear", "resize_bilinear")


class Operation(Protocol):
    """As a program holds it. dtype: of its output; constants: its inputs that are known."""

    @property
    def kind(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def constants(self) -> Mapping[str, Any]: ...


class Leaving(Frozen):
    """operator: its name in ML programs, or `every operator`; source: a mark in the docs."""

    operator: str
    count: Annotated[int, Field(gt=0)]
    why: str
    source: str


def leaving(operations: Sequence[Operation]) -> tuple[Leaving, ...]:
    """Those that are known to, by kind and reason."""
    computed = [one for one in operations if one.kind != "cast"]
    if computed and all(one.dtype == "fp32" for one in computed):
        typed = Leaving(
            operator=EVERY, count=len(operations), why="a program typed fp32", source="M1"
        )
        return (typed,)
    found = Counter(told for one in operations for told in _reasons(one))
    return tuple(
        Leaving(operator=operator, count=count, why=why, source=source)
        for (operator, why, source), count in sorted(found.items())
    )


def leaving_text(found: Sequence[Leaving]) -> str:
    """`5 upsample_bilinear (on the M1 generation [E1])`."""
    return ", ".join(
        f"{one.operator if one.operator == EVERY else f'{one.count} {one.operator}'} "
        f"({one.why} [{one.source}])"
        for one in found
    )


def _reasons(one: Operation) -> Iterator[tuple[str, str, str]]:
    """Name, reason, mark."""
    if one.dtype == "fp32" and one.kind != "cast":
        yield one.kind, "typed fp32", "M1"
    if one.kind in RESIZES:
        yield one.kind, "on the M1 generation", "E1"
    if one.kind == "upsample_bilinear" and _largest(one, "scale_factor") > 2:
        yield one.kind, "a factor above 2, in older formats", "H1"
    if one.kind == "conv" and _largest(one, "dilations") > 1:
        yield one.kind, "dilated, in older formats", "H1"
    if one.kind == "gather":
        yield one.kind, "as embedding lookups", "T1"
    if one.kind == "cast" and one.dtype == "int32":
        yield one.kind, "to int32, on the M1 generation", "E1"


def _largest(one: Operation, prefix: str) -> float:
    """Of its constants whose names begin so; 1 where it has none."""
    values = [value for name, value in one.constants.items() if name.startswith(prefix)]
    numbers = [
        float(n) for value in values for n in (value if hasattr(value, "__iter__") else [value])
    ]
    return max(numbers, default=1.0)
