"""A Keras file of MobileNetV2, as Keras itself lays it out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import torch

from zoo.network import SegmentationNetwork


def write_keras_file(
    path: Path, network: SegmentationNetwork, depthwise_name: str = "depthwise_kernel"
) -> None:
    """A file in Keras' layout and names, with random weights of the network's shapes."""
    generator = np.random.default_rng(0)
    blocks = list(network.encoder.children())

    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights")

        def norm(name: str, channels: int) -> None:
            for weight in ("gamma", "beta", "moving_mean", "moving_variance"):
                values = generator.uniform(0.5, 1.5, channels).astype(np.float32)
                root[f"{name}/{name}/{weight}:0"] = values

        def convolution(name: str, bn: str, weight: torch.Tensor, depthwise: bool) -> None:
            out, fan, height, width = weight.shape
            shape = (height, width, out, 1) if depthwise else (height, width, fan, out)
            kind = depthwise_name if depthwise else "kernel"
            values = generator.normal(0, 0.3, shape).astype(np.float32)
            root[f"{name}/{name}/{kind}:0"] = values
            norm(bn, out)

        convolution("Conv1", "bn_Conv1", blocks[0][0].weight, depthwise=False)  # type: ignore[index]
        for index, block in enumerate(blocks[1:18]):
            prefix = "expanded_conv" if index == 0 else f"block_{index}"
            parts = ["expand", "depthwise", "project"][index == 0 :]
            weights = [m.weight for m in block.modules() if isinstance(m, torch.nn.Conv2d)]
            for part, weight in zip(parts, weights, strict=True):
                name = f"{prefix}_{part}"
                convolution(name, f"{name}_BN", weight, depthwise=part == "depthwise")
        deepest = weights[-1].shape[0]
        convolution("Conv_1", "Conv_1_bn", torch.empty(1280, deepest, 1, 1), depthwise=False)
