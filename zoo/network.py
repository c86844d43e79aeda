"""What every architecture of the zoo is to the rest of it, and what is counted of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn

from zoo import registry
from zoo.spec import ModelSpec


class SegmentationNetwork(nn.Module):
    """RGB [N, 3, S, S] in 0..1 to hair logits [N, 1, S, S].

    encoder: the part that may come pretrained, named as torchvision's `features`; the trainer
    gives it its own learning rate. Nothing is subtracted from the image nor is it divided, which
    would be work for a phone at every frame: pretrained weights are converted to that.
    """

    encoder: nn.Module


class Deployed(nn.Module):
    """The network as it is exported and measured: image in, probability out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.network(image))


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
