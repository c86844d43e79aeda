"""The ranges of a network's layers, in the order in which it runs them.

The range of a layer is the mean over images of each one's own lowest and highest, as the moving
averages of Jacob et al. (arXiv 1712.05877) have it: extremes of single images cost the others
their resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual

from zoo import registry
from zoo.artifact.calibration import LayerRange, read_calibration
from zoo.artifact.steps import NetworkRanges, Range
from zoo.network import Sum


def read_ranges(path: Path) -> NetworkRanges:
    """Of a stored calibration; raises ArtifactError, MissingStep."""
    calibration = read_calibration(path)
    network = registry.build(registry.get(calibration.model))
    return network_ranges(network, calibration.layers)


def network_ranges(network: nn.Module, layers: Mapping[str, LayerRange]) -> NetworkRanges:
    """layers: by name, in the order of execution. Raises KeyError for one of another network."""
    modules = dict(network.named_modules())
    behind_each = followers(network)
    convolutions, additions = [], []
    for name in layers:
        layer = modules[name]
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            behind = [name, *behind_each.get(name, [])]
            linear = [one for one in behind if not isinstance(modules[one], nn.ReLU6)]
            convolutions.append((_range(layers[linear[-1]]), _range(layers[behind[-1]])))
        elif is_addition(layer):
            additions.append(_range(layers[name]))
    return NetworkRanges(convolutions=convolutions, additions=additions)


def is_addition(layer: nn.Module) -> bool:
    """Whether what it puts out is a sum of two tensors."""
    return isinstance(layer, Sum) or (isinstance(layer, InvertedResidual) and layer.use_res_connect)


def followers(network: nn.Module) -> dict[str, list[str]]:
    """Of each convolution in a Sequential, the batch norm and the activation right behind it."""
    found: dict[str, list[str]] = {}
    for prefix, parent in network.named_modules():
        if not isinstance(parent, nn.Sequential):
            continue
        behind: list[str] | None = None
        for name, layer in parent.named_children():
            full = f"{prefix}.{name}" if prefix else name
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                behind = found[full] = []
            elif behind is not None and isinstance(layer, nn.BatchNorm2d | nn.ReLU6):
                behind.append(full)
            else:
                behind = None
    return found


def _range(layer: LayerRange) -> Range:
    return layer[2], layer[3]
