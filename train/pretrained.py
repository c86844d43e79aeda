"""Reads ImageNet weights for the encoder: torchvision's own, or Keras' MobileNetV2 by name.

The Keras files differ in three ways that the conversion accounts for exactly: inputs in -1..1,
batch-norm epsilon 1e-3, stride-2 convolutions padded at the bottom and right only (the one thing
fine-tuning has to absorb: half a pixel of shift a level).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from train.encoders import EncoderSource
from zoo.errors import WeightsError
from zoo.preprocess import IMAGENET_MEAN, IMAGENET_STD
from zoo.spec import ModelSpec

KERAS_EPSILON = 1e-3


def load_encoder(encoder: nn.Module, source: EncoderSource, spec: ModelSpec) -> None:
    """Fill the encoder (names as in torchvision's `features`); random weights stay as they are.

    Raises WeightsError naming the first tensor that does not fit.
    """
    if source.path is None:
        return
    state = _keras(source.path) if source.init.kind == "keras" else _torchvision(source.path)
    wanted = encoder.state_dict().keys()
    try:
        encoder.load_state_dict({name: t for name, t in state.items() if name in wanted})
    except RuntimeError as error:
        raise WeightsError(
            f"{source.path} does not fit {spec.name}: {str(error).splitlines()[1].strip()}",
            expected=f"a MobileNetV2 of width {spec.width}",
            remedy="--init random, or the file of that width",
        ) from error


def _torchvision(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "features."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _keras(path: Path) -> dict[str, Tensor]:
    try:
        return _convert(_read_layers(path))
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise WeightsError(
            f"{path} is not a Keras MobileNetV2: {error}", expected="a MobileNetV2 in .h5"
        ) from error


def _read_layers(path: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """{layer: {weight: array}} of every layer, whatever groups Keras nested it in."""
    import h5py

    layers: dict[str, dict[str, NDArray[np.float32]]] = {}

    def visit(name: str, entry: object) -> None:
        if isinstance(entry, h5py.Dataset):
            layer, weight = name.split("/")[-2:]
            layers.setdefault(layer, {})[weight.split(":")[0]] = np.asarray(entry, np.float32)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return layers


def _convert(layers: dict[str, dict[str, NDArray[np.float32]]]) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    _put(state, "0", layers["Conv1"], layers.get("bn_Conv1") or layers["Conv1_bn"])
    _rescale_input(state)
    for block in range(17):
        prefix = f"{block + 1}.conv"
        keras = "expanded_conv" if block == 0 else f"block_{block}"
        parts = ["depthwise", "project"] if block == 0 else ["expand", "depthwise", "project"]
        for index, part in enumerate(parts):
            kernel, norm = layers[f"{keras}_{part}"], layers[f"{keras}_{part}_BN"]
            if part == "project":  # torchvision keeps it flat: convolution, then batch norm
                _put(state, prefix, kernel, norm, names=(str(index), str(index + 1)))
            else:
                _put(state, f"{prefix}.{index}", kernel, norm)
    return state


def _put(
    state: dict[str, Tensor],
    prefix: str,
    kernel: dict[str, NDArray[np.float32]],
    norm: dict[str, NDArray[np.float32]],
    names: tuple[str, str] = ("0", "1"),
) -> None:
    """One convolution [H, W, in, out] (depthwise: [H, W, channels, 1]) and its batch norm."""
    depthwise = "depthwise_kernel" in kernel
    weight = kernel["depthwise_kernel"] if depthwise else kernel["kernel"]
    axes = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
    state[f"{prefix}.{names[0]}.weight"] = torch.from_numpy(weight.transpose(axes).copy())
    torch_epsilon = nn.BatchNorm2d(1).eps
    values = {
        "weight": norm["gamma"],
        "bias": norm["beta"],
        "running_mean": norm["moving_mean"],
        "running_var": norm["moving_variance"] + np.float32(KERAS_EPSILON - torch_epsilon),
    }
    for name, value in values.items():
        state[f"{prefix}.{names[1]}.{name}"] = torch.from_numpy(value.copy())
    state[f"{prefix}.{names[1]}.num_batches_tracked"] = torch.tensor(0)


def _rescale_input(state: dict[str, Tensor]) -> None:
    """From inputs in -1..1 to ImageNet-normalised ones: scale the kernel, shift the mean."""
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    weight = state["0.0.weight"]
    shift = (weight * (2 * mean - 1)).sum(dim=(1, 2, 3))
    state["0.0.weight"] = weight * 2 * std
    state["0.1.running_mean"] = state["0.1.running_mean"] - shift
