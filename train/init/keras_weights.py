"""Reads Keras' MobileNetV2 by its layers' names, into the names of torchvision's `features`.

The Keras files differ in three ways: batch-norm epsilon 1e-3 (accounted for here), inputs in -1..1
(INPUTS; converted to the network's own where they are loaded), and stride-2 convolutions padded at
the bottom and right only, which the network has to do too. Padded on both sides instead, the
features of width 0.35 correlate with the right ones by 0.64 at stride 2, 0.29 at stride 4 and 0.38
at the head (torch 2.14.1).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoo.base.errors import WeightsError

KERAS_EPSILON = 1e-3
LARGEST = 10_000_000
# Mean and standard deviation by which RGB in 0..1 becomes what the first layer was trained on.
INPUTS = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def read_keras(path: Path) -> dict[str, Tensor]:
    """The encoder's tensors, with the 1280-channel head where the file has it.

    Raises WeightsError when the file is not a Keras MobileNetV2.
    """
    try:
        return _convert(_read_layers(path))
    except (OSError, LookupError, ValueError, TypeError, RuntimeError) as error:  # as h5py raises
        raise WeightsError(
            f"{path} is not a Keras MobileNetV2: {error}", expected="a MobileNetV2 in .h5"
        ) from error


def _read_layers(path: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """{layer: {weight: array}} of every layer, whatever groups Keras nested it in."""
    import h5py

    layers: dict[str, dict[str, NDArray[np.float32]]] = {}

    def visit(name: str, entry: object) -> None:
        if isinstance(entry, h5py.Dataset):
            if entry.size > LARGEST:  # a header can claim any shape
                raise ValueError(f"{name} has {entry.size} values")
            layer, weight = name.split("/")[-2:]
            layers.setdefault(layer, {})[weight.split(":")[0]] = np.asarray(entry, np.float32)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return layers


def _convert(layers: dict[str, dict[str, NDArray[np.float32]]]) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    _put(state, "0", layers["Conv1"], layers.get("bn_Conv1") or layers["Conv1_bn"])
    for block in range(17):
        prefix = f"{block + 1}.conv"
        keras = "expanded_conv" if block == 0 else f"block_{block}"
        parts = ["depthwise", "project"] if block == 0 else ["expand", "depthwise", "project"]
        for index, part in enumerate(parts):
            kernel, norm = layers[f"{keras}_{part}"], layers[f"{keras}_{part}_BN"]
            if part == "project":  # torchvision keeps it flat: convolution, then batch norm
                _put(state, prefix, kernel, norm, names=(str(index), str(index + 1)))
            else:
                _put(state, f"{prefix}.{index}", kernel, norm, depthwise=part == "depthwise")
    if "Conv_1" in layers:
        _put(state, "18", layers["Conv_1"], layers["Conv_1_bn"])
    return state


def _put(
    state: dict[str, Tensor],
    prefix: str,
    kernel: dict[str, NDArray[np.float32]],
    norm: dict[str, NDArray[np.float32]],
    names: tuple[str, str] = ("0", "1"),
    depthwise: bool = False,
) -> None:
    """One convolution [H, W, in, out] (depthwise: [H, W, channels, 1]) and its batch norm."""
    # Keras 3 calls the depthwise kernel `kernel` too.
    weight = kernel["depthwise_kernel" if "depthwise_kernel" in kernel else "kernel"]
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
