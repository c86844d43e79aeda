"""The parent project's network, by the names that it and timm give its tensors.

Written from timm's naming of mobilenetv2_100 and the parent's own, without the zoo's network or its
table of names: what a checkpoint of the parent holds, and what it computes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Expansion, channels, blocks and first stride of timm's stages.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
SKIP_STAGES = (0, 1, 2, 4)
UP = ((1280, 96), (96, 32), (32, 24), (24, 16))


def parent_tensors(seed: int) -> dict[str, Tensor]:
    """Every tensor of the parent's `MobileNetV2_unet`, with random values."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def convolution(name: str, *shape: int, bias: int = 0) -> None:
        fan_in = math.prod(shape[1:])
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        if bias:
            state[f"{name}.bias"] = torch.randn(bias, generator=generator)

    def norm(name: str, channels: int) -> None:
        for kind in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{kind}"] = torch.rand(channels, generator=generator) + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(1000)

    convolution("backbone.conv_stem", 32, 3, 3, 3)
    norm("backbone.bn1", 32)
    channels = 32
    for stage, (expansion, out, blocks, _) in enumerate(STAGES):
        for block in range(blocks):
            name, wide = f"backbone.blocks.{stage}.{block}", channels * expansion
            if stage == 0:  # depthwise separable: nothing to expand
                convolution(f"{name}.conv_dw", wide, 1, 3, 3)
                convolution(f"{name}.conv_pw", out, wide, 1, 1)
                norm(f"{name}.bn1", wide)
                norm(f"{name}.bn2", out)
            else:
                convolution(f"{name}.conv_pw", wide, channels, 1, 1)
                convolution(f"{name}.conv_dw", wide, 1, 3, 3)
                convolution(f"{name}.conv_pwl", out, wide, 1, 1)
                norm(f"{name}.bn1", wide)
                norm(f"{name}.bn2", wide)
                norm(f"{name}.bn3", out)
            channels = out
    convolution("backbone.conv_head", 1280, 320, 1, 1)
    for index, (deep, skip) in enumerate(UP):
        name, wide = f"up_sample_blocks.{index}", 12 * skip
        convolution(f"{name}.dconv", deep, skip, 4, 4, bias=skip)
        convolution(f"{name}.invres.conv.0.0", wide, 2 * skip, 1, 1)
        norm(f"{name}.invres.conv.0.1", wide)
        convolution(f"{name}.invres.conv.1.0", wide, 1, 3, 3)
        norm(f"{name}.invres.conv.1.1", wide)
        convolution(f"{name}.invres.conv.2", skip, wide, 1, 1)
        norm(f"{name}.invres.conv.3", skip)
    convolution("conv_last.0", 3, 16, 1, 1, bias=3)
    convolution("conv_last.1", 1, 3, 1, 1, bias=1)
    return state


def parent_logits(state: dict[str, Tensor], image: Tensor) -> Tensor:
    """[N, 3, S, S] in 0..1, not normalised, to what the parent's sigmoid gets [N, 1, S/2, S/2]."""

    def convolution(x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias = state[f"{name}.weight"], state.get(f"{name}.bias")
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2, groups=groups)

    def norm(x: Tensor, name: str) -> Tensor:
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return F.batch_norm(x, mean, variance, state[f"{name}.weight"], state[f"{name}.bias"])

    x = F.relu6(norm(convolution(image, "backbone.conv_stem", 2), "backbone.bn1"))
    skips = []
    for stage, (_, _, blocks, first_stride) in enumerate(STAGES):
        for block in range(blocks):
            name, came_in = f"backbone.blocks.{stage}.{block}", x
            stride = first_stride if block == 0 else 1
            if stage == 0:
                x = F.relu6(norm(convolution(x, f"{name}.conv_dw", stride), f"{name}.bn1"))
                x = norm(convolution(x, f"{name}.conv_pw"), f"{name}.bn2")
            else:
                x = F.relu6(norm(convolution(x, f"{name}.conv_pw"), f"{name}.bn1"))
                x = F.relu6(norm(convolution(x, f"{name}.conv_dw", stride), f"{name}.bn2"))
                x = norm(convolution(x, f"{name}.conv_pwl"), f"{name}.bn3")
            x = x + came_in if x.shape == came_in.shape else x
        if stage in SKIP_STAGES:
            skips.append(x)
    x = convolution(x, "backbone.conv_head")
    for index, skip in enumerate(reversed(skips)):
        name = f"up_sample_blocks.{index}"
        up, bias = state[f"{name}.dconv.weight"], state[f"{name}.dconv.bias"]
        x = torch.cat([skip, F.conv_transpose2d(x, up, bias, stride=2, padding=1)], dim=1)
        name = f"{name}.invres.conv"
        x = F.relu6(norm(convolution(x, f"{name}.0.0"), f"{name}.0.1"))
        x = F.relu6(norm(convolution(x, f"{name}.1.0"), f"{name}.1.1"))
        x = norm(convolution(x, f"{name}.2"), f"{name}.3")
    return convolution(convolution(x, "conv_last.0"), "conv_last.1")
