"""Ranges of the activations over photographs, for quantising where no photographs are at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from zoo.artifact.calibration import LayerRange
from zoo.preprocess import Float32

DIGITS = 5


def activation_ranges(network: nn.Module, images: Iterable[Float32]) -> dict[str, LayerRange]:
    """By layer, of its output: [lowest, highest, mean lowest, mean highest].

    images: RGB float32 [1, 3, S, S] in 0..1. The means are over images, of each one's own lowest
    and highest, as moving averages for quantisation are (Jacob et al., arXiv 1712.05877). The
    network's own name is "": its output is the logit.
    """
    extremes: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def watch(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def note(_: nn.Module, __: object, output: Tensor) -> None:
            extremes[name].append((float(output.min()), float(output.max())))

        return note

    watched = [
        module.register_forward_hook(watch(name)) for name, module in network.eval().named_modules()
    ]
    with torch.inference_mode():
        for image in images:
            network(torch.from_numpy(image))
    for hook in watched:
        hook.remove()
    return {name: _summary(np.array(each)) for name, each in extremes.items()}


def _summary(each: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> LayerRange:
    low, high = each[:, 0], each[:, 1]
    lowest, highest, *means = (
        round(float(value), DIGITS) for value in (low.min(), high.max(), low.mean(), high.mean())
    )
    return lowest, highest, means[0], means[1]
