"""Compares the layers of a file with torch's, and finds the first that departs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from torch import nn

from zoo.base.errors import ArtifactError
from zoo.explain.activations import file_layers
from zoo.export.layers import torch_layers
from zoo.preprocess import Float32

# A layer departs whose error, relative to what it puts out, is beyond this. In fp16 a good package
# of trained weights has up to 0.015: rounding adds up over the layers.
BOUNDS: Mapping[str, float] = MappingProxyType(
    {
        "fp32": 1e-4,
        "fp16": 0.05,
        "fp16a": 0.05,
        "int8": 0.25,
        "int8w": 0.1,
        "pal6": 0.2,
        "pal4": 0.5,
    }
)


@dataclass(frozen=True, kw_only=True)
class LayerError:
    """error: root mean square of the difference, over that of torch's values; largest: of the
    differences, in the layer's own unit."""

    name: str
    kind: str
    error: float
    largest: float


def layer_errors(network: nn.Module, path: Path, images: Sequence[Float32]) -> list[LayerError]:
    """Over all the images, in the order of execution. Raises ArtifactError for a file of another
    network."""
    squares: list[list[float]] = []
    for number, image in enumerate(images):
        layers = torch_layers(network, image)
        found = dict(zip(("conv", "add"), map(iter, file_layers(path, image)), strict=True))
        if number == 0:
            squares = [[0.0, 0.0, 0.0] for _ in layers]
        for sums, layer in zip(squares, layers, strict=True):
            theirs = next(found[layer.kind], None)
            if theirs is None or theirs.shape != layer.values.shape:
                raise _another_network(path, layer.name)
            difference = theirs - layer.values
            sums[0] += float(np.square(difference).mean())
            sums[1] += float(np.square(layer.values).mean())
            sums[2] = max(sums[2], float(np.abs(difference).max()))
        if any(next(left, None) is not None for left in found.values()):
            raise _another_network(path, "more layers than torch")
    return [
        LayerError(
            name=layer.name,
            kind=layer.kind,
            error=float(np.sqrt(lost / max(total, 1e-12))),
            largest=largest,
        )
        for layer, (lost, total, largest) in zip(layers, squares, strict=True)
    ]


def first_beyond(errors: Sequence[LayerError], bound: float) -> LayerError | None:
    return next((each for each in errors if each.error > bound), None)


def _another_network(path: Path, where: str) -> ArtifactError:
    return ArtifactError(
        f"{path.name} is of another network: {where} does not fit",
        expected="the file that was exported from the checkpoint",
        remedy="bench export --model NAME --force",
    )
