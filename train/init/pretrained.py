"""Fills a new network with its first weights: an ImageNet encoder, or a whole network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from train.init.first_weights import FirstWeights, unchanged
from train.init.keras_weights import INPUTS as KERAS_INPUTS
from train.init.keras_weights import read_keras
from train.init.narrow import narrowed
from train.init.parent_weights import read_parent
from train.init.widen import widened
from zoo.base.errors import WeightsError
from zoo.checkpoint import load
from zoo.network import SegmentationNetwork
from zoo.spec import ModelSpec

Channels = tuple[float, float, float]
# By which RGB in 0..1 is normalised for torchvision's weights.
IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


def load_first_weights(network: SegmentationNetwork, first: FirstWeights, spec: ModelSpec) -> None:
    """Fill the network, or its encoder alone; random weights stay as they are.

    Every tensor of the part is filled. Raises WeightsError naming the first one that does not fit,
    or where the file is not the one that was chosen.
    """
    if first.path is None:
        return
    unchanged(first.path, first.init.sha256)
    match first.init.kind:
        case "checkpoint":
            other, _ = load(first.path)
            _fill(network, other.state_dict(), first.path, spec)
        case "encoder":
            other, _ = load(first.path)
            _fill(network.encoder, _wanted(network, other.encoder.state_dict()), first.path, spec)
        case "parent":
            _fill(network, read_parent(first.path), first.path, spec)
        case "keras":
            _fill_encoder(network, read_keras(first.path), KERAS_INPUTS, first.path, spec)
        case "inherited":
            narrow = narrowed(read_keras(first.path), network.encoder.state_dict())
            _fill_encoder(network, narrow, KERAS_INPUTS, first.path, spec)
        case "widened":
            wide = widened(read_keras(first.path), network.encoder.state_dict())
            _fill_encoder(network, wide, KERAS_INPUTS, first.path, spec)
        case _:
            imagenet = (IMAGENET_MEAN, IMAGENET_STD)
            _fill_encoder(network, _read_torchvision(first.path), imagenet, first.path, spec)


def _read_torchvision(path: Path) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        raise WeightsError(
            f"{path} cannot be read as weights",
            expected="the file that torchvision downloads",
            remedy=f"rm {path}, then --init torchvision fetches it again",
        ) from error
    prefix = "features."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _fill_encoder(
    network: SegmentationNetwork,
    state: dict[str, Tensor],
    inputs: tuple[Channels, Channels],
    path: Path,
    spec: ModelSpec,
) -> None:
    """Names as in torchvision's `features`; what the encoder does not have (the head) is left."""
    _take_plain_images(state, *inputs)
    _fill(network.encoder, _wanted(network, state), path, spec)


def _wanted(network: SegmentationNetwork, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What of an encoder's weights this one has too."""
    own = network.encoder.state_dict().keys()
    return {name: tensor for name, tensor in state.items() if name in own}


def _take_plain_images(state: dict[str, Tensor], mean: Channels, std: Channels) -> None:
    """From inputs of that mean and deviation to RGB in 0..1: scale the kernel, shift the mean.

    Exact but for the padding: its zeros mean that mean before, and black after.
    """
    weight = state["0.0.weight"] / torch.tensor(std).view(1, 3, 1, 1)
    shift = (weight * torch.tensor(mean).view(1, 3, 1, 1)).sum(dim=(1, 2, 3))
    state["0.0.weight"] = weight
    state["0.1.running_mean"] = state["0.1.running_mean"] + shift


def _fill(module: nn.Module, state: Mapping[str, Tensor], path: Path, spec: ModelSpec) -> None:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit {spec.name}: {str(error).splitlines()[1].strip()}",
            expected=f"weights of a MobileNetV2 of width {spec.width}",
            remedy="--init random, or the file of that width",
        ) from error
