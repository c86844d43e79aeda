"""A graph as steps in the order of execution, and the ranges of its tensors.

One calibration serves all formats: each exporter hands its graph over as steps, and the k-th
convolution of the graph is the k-th that the network runs; likewise for additions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

Range = tuple[float, float]
Kind = Literal["conv", "activation", "add", "sigmoid", "moves"]
PROBABILITY: Range = (0.0, 1.0)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Step:
    """An operator: the tensors it reads, constants left out, and the one it writes.

    fused: a convolution that applies its activation itself. moves: what it writes it has read:
    a resize, a concatenation, a padding.
    """

    kind: Kind
    reads: tuple[str, ...]
    writes: str
    fused: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkRanges:
    """In the order of execution: of each convolution with its batch norm, before and after its
    activation; of each addition."""

    convolutions: Sequence[tuple[Range, Range]]
    additions: Sequence[Range]


def tensor_ranges(steps: Iterable[Step], network: NetworkRanges, image: str) -> dict[str, Range]:
    """By tensor, the input `image` among them. Raises ValueError for a graph of other layers."""
    found = {image: PROBABILITY}
    after_activation: dict[str, Range] = {}
    convolutions, additions = iter(network.convolutions), iter(network.additions)
    for step in steps:
        match step.kind:
            case "conv":
                before, after = _next(convolutions, step)
                after_activation[step.writes] = after
                found[step.writes] = after if step.fused else before
            case "activation":
                found[step.writes] = after_activation[step.reads[0]]
            case "add":
                found[step.writes] = _next(additions, step)
            case "sigmoid":
                found[step.writes] = PROBABILITY
            case "moves":
                lows, highs = zip(*(found[name] for name in step.reads), strict=True)
                found[step.writes] = (min(lows), max(highs))
    if [*convolutions, *additions]:
        raise ValueError("the graph has fewer layers than the network")
    return found


def _next(left: Iterator[_T], step: Step) -> _T:
    for found in left:
        return found
    raise ValueError(f"the graph has more layers than the network: {step.writes}")
