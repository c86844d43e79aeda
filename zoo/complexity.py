"""What a network costs on paper: its parameters and its multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn

from zoo import registry
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """Trainable parameters, and multiply-accumulates of one inference in convolutions."""

    parameters: int
    macs: int


def complexity(spec: ModelSpec) -> Complexity:
    """Of a variant: counted at the smallest size, and scaled. Sizes are multiples of all strides,
    so every convolution puts out a fixed share of the input's pixels."""
    smallest = registry.ARCHITECTURES[spec.arch].stride
    found = _counted(replace(spec, size=smallest))
    return replace(found, macs=found.macs * (spec.size // smallest) ** 2)


@cache
def _counted(spec: ModelSpec) -> Complexity:
    """By one forward pass on the CPU (the meta device is slower: it is all Python)."""
    macs = 0

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            macs += _macs(module, output)

    network = registry.build(spec).eval()
    for module in network.modules():
        module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, spec.size, spec.size))
    parameters = sum(p.numel() for p in network.parameters())
    return Complexity(parameters=parameters, macs=macs)


def _macs(convolution: nn.Conv2d | nn.ConvTranspose2d, output: Tensor) -> int:
    """A transposed convolution multiplies per input position: its output over its strides."""
    positions = output.shape[-2] * output.shape[-1]
    if isinstance(convolution, nn.ConvTranspose2d):
        positions //= convolution.stride[0] * convolution.stride[1]
    return positions * convolution.weight.numel()
