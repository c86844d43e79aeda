"""What fp16 arithmetic may do to a network: whether numbers inside can leave its range."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

# The largest number that fp16 holds.
LARGEST_HALF = 65504.0
PRECISIONS = frozenset({"fp16", "fp16a"})


def largest_inside(network: nn.Module, size: int) -> float:
    """No number inside is larger than this, whatever the image, in whatever order sums are taken.

    network: without batch norms, fed with RGB in 0..1. With the magnitudes of its weights and
    biases, and an image of ones, every layer puts out the largest magnitude that it can: sums have
    no signs to cancel, ReLU6 and resizing keep the order.
    """
    import torch

    largest = 0.0

    def look(module: nn.Module, given: object, output: torch.Tensor) -> None:
        nonlocal largest
        largest = max(largest, float(output.max()))

    magnitudes = copy.deepcopy(network).eval()
    with torch.inference_mode():
        for parameter in magnitudes.parameters():
            parameter.abs_()
        for module in magnitudes.modules():
            module.register_forward_hook(look)
        magnitudes(torch.ones(1, 3, size, size))
    return largest
