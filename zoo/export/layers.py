"""What the layers of a network put out in torch: each convolution with what directly follows it,
and each addition, in the order of execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoo.export.ranges import followers, is_addition
from zoo.preprocess import Float32


@dataclass(frozen=True, kw_only=True)
class Layer:
    """values: [1, C, H, W], after the activation."""

    name: str
    kind: Literal["conv", "add"]
    values: NDArray[Any]


def torch_layers(network: nn.Module, image: Float32) -> Sequence[Layer]:
    """image: RGB float32 [1, 3, S, S] in 0..1."""
    behind = followers(network)
    found: list[Layer] = []

    def watch(name: str, kind: Literal["conv", "add"]) -> Callable[..., None]:
        def note(_: nn.Module, __: object, output: Tensor) -> None:
            found.append(Layer(name=name, kind=kind, values=output.numpy().copy()))

        return note

    modules = dict(network.eval().named_modules())
    hooks = []
    for name, layer in modules.items():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            last = modules[[name, *behind.get(name, [])][-1]]
            hooks.append(last.register_forward_hook(watch(name, "conv")))
        elif is_addition(layer):
            hooks.append(layer.register_forward_hook(watch(name, "add")))
    with torch.inference_mode():
        network(torch.from_numpy(image))
    for hook in hooks:
        hook.remove()
    return found
