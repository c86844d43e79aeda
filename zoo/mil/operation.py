"""One operator of ML programs: what it takes, and what it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.base.errors import ArtifactError

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """compute: from its inputs by name, tensors as float32 (or integers, or booleans) and constants
    as Python values or arrays, to its output. inputs: the names that it knows; others are refused.
    exact: every value it gives is one that it was given, so that no fp16 rounding is due. whole:
    the first dimension is one among others to it, so that a batch cannot take its place."""

    compute: Callable[[Values], Tensor]
    inputs: tuple[str, ...]
    exact: bool = False
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """An operator in a program. given: by input, the name of a value or a list of names; constants:
    by input, what is known before the program runs. dtype: of the output."""

    name: str
    kind: str
    operator: Operator
    given: Mapping[str, str | list[str]]
    constants: Mapping[str, Any]
    dtype: str
    last_use_of: tuple[str, ...] = ()


def refused(
    kind: str, what: str, remedy: str = "the operators known: docs/operators.md"
) -> ArtifactError:
    """For an attribute or a combination whose meaning is not written down here."""
    return ArtifactError(f"{kind}: {what}", expected="what zoo/mil knows", remedy=remedy)


def tensor(value: Any) -> Tensor:
    """A constant as a tensor: halves as float32, for that is what is computed in."""
    if isinstance(value, Tensor):
        return value
    found = torch.from_numpy(np.array(value))
    return found.float() if found.is_floating_point() else found


def rounded(value: Tensor) -> Tensor:
    """To the nearest half, ties to even, and back; beyond 65,504 it is infinite."""
    return value.half().float()
