"""One step of the optimiser, and what decides it: rates, averaging, number format."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from train.config import TrainConfig
from train.losses import segmentation_loss
from train.resume import Progress
from train.sizes import SharedSizes

Autocast = Literal["fp32", "bf16"]


def begin(
    network: SharedSizes, config: TrainConfig, steps_per_epoch: int, pretrained: bool
) -> Progress:
    """A training of `network` that has not made a step yet."""
    optimizer = make_optimizer(network, config, pretrained)
    return Progress(
        network=network,
        ema=AveragedModel(network, multi_avg_fn=_ema(config.ema_decay), use_buffers=True),
        optimizer=optimizer,
        schedule=LambdaLR(optimizer, lambda step: rate_factor(step, steps_per_epoch, config)),
    )


def train_step(
    network: nn.Module,
    batch: Tensor,
    config: TrainConfig,
    optimizer: torch.optim.Optimizer,
    autocast: Autocast,
) -> Tensor:
    """One step on uint8 [N, 4, S, S] (RGB, soft mask), or with a fifth channel that is over 0 where
    there is no label; returns the loss, detached."""
    pixels = batch.to(next(network.parameters()).device).float() / 255
    image = pixels[:, :3].contiguous(memory_format=torch.channels_last)
    with torch.autocast(pixels.device.type, dtype=torch.bfloat16, enabled=autocast == "bf16"):
        logits = network(image)
    known = (pixels[:, 4:] == 0).float() if pixels.shape[1] > 4 else None
    loss = segmentation_loss(logits, pixels[:, 3:4], config.bce_share, known)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def make_optimizer(
    network: SharedSizes, config: TrainConfig, pretrained: bool
) -> torch.optim.AdamW:
    """AdamW; a pretrained encoder at its own rate; no decay on biases and batch norms."""
    slowly = config.encoder_rate_factor if pretrained else 1.0
    encoder = {id(p) for p in network.encoder_parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        groups.setdefault((id(parameter) in encoder, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": config.learning_rate * (slowly if encoded else 1),
                "weight_decay": config.weight_decay if decayed else 0.0,
            }
            for (encoded, decayed), parameters in groups.items()
        ],
        fused=True,
    )


def rate_factor(step: int, steps_per_epoch: int, config: TrainConfig) -> float:
    """Factor on the learning rates: linear warm-up, then a cosine to zero."""
    warmup = config.warmup_epochs * steps_per_epoch
    total = config.epochs * steps_per_epoch
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def resolve_autocast(config: TrainConfig, device: torch.device) -> Autocast:
    """bf16 where the processor computes in it: on AVX2 it was measured 5x slower than fp32."""
    if config.autocast != "auto":
        return config.autocast
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else "fp32"


def _ema(decay: float) -> Callable[..., None]:
    """Exponential moving average whose decay grows to `decay`, so that a short run has one too."""

    def update(averaged: list[Tensor], current: list[Tensor], updates: Tensor) -> None:
        warm = min(decay, (1 + float(updates)) / (10 + float(updates)))
        get_ema_multi_avg_fn(warm)(averaged, current, updates)  # type: ignore[no-untyped-call]

    return update
