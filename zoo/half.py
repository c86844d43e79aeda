"""What fp16 arithmetic may do to a network: whether numbers inside can leave its range."""

from __future__ import annotations

import copy
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.processor import CPUINFO

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


def computes_in_half(
    runtime: str,
    machine: str | None = None,
    system: str | None = None,
    cpuinfo: Path = CPUINFO,
) -> bool:
    """Whether the runtime's CPU kernels compute an fp16 file in fp16 on this machine.

    onnxruntime 1.32 has such kernels on Arm64 alone, where the processor has the arithmetic, and
    not on Apple's (cpu_execution_provider.cc). LiteRT's kernels compute in fp32 everywhere.
    """
    arm = (machine or platform.machine()).lower() in ("aarch64", "arm64")
    if runtime != "onnxruntime" or not arm or (system or platform.system()) == "Darwin":
        return False
    try:
        return "asimdhp" in cpuinfo.read_text()
    except OSError:
        return False
