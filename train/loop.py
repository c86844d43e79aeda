"""The trainer, in the order things happen: one for every variant."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

import torch
import torchvision
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.config import TrainConfig
from train.evaluate import evaluate, torch_predictor
from train.history import EpochRow, write_history
from train.loader import EpochBatches, TrainingImages, batches, spare_workers
from train.losses import segmentation_loss
from train.pretrained import load_encoder
from train.resume import Progress, drop_progress, load_progress, save_progress
from train.settings import Settings
from zoo import registry
from zoo.checkpoint import COUNTS_NAME, FILE_NAME, CheckpointRecord, save
from zoo.iou import ImageCounts, pooled, write_counts
from zoo.network import SegmentationNetwork

EVALUATION_BATCH = 25
Autocast = Literal["fp32", "bf16"]
Bar: TypeAlias = "tqdm[NoReturn]"


def train(settings: Settings, folder: Path) -> CheckpointRecord:
    """Train one variant into `folder`, or go on where a stopped run of the same settings was.

    Leaves `checkpoint.safetensors` (the EMA weights of the best validation IoU),
    `validation_counts.csv`, `history.csv` and `curve.png`. Repeated at the same thread count it
    gives the same bytes. Raises WeightsError, DataError.
    """
    spec, config = settings.spec, settings.config
    cores = os.cpu_count() or 1
    workers = spare_workers(cores)
    threads = config.threads or cores - workers
    autocast = resolve_autocast(config)
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)

    network = registry.build(spec)
    load_encoder(network.encoder, settings.encoder, spec)
    network = network.to(memory_format=torch.channels_last)
    ema = AveragedModel(network, multi_avg_fn=_ema(config.ema_decay), use_buffers=True)
    images = TrainingImages(settings.dataset, config, spec.size)
    sampler = EpochBatches(len(images), config)
    loader = batches(images, sampler, workers)
    optimizer = make_optimizer(network, config)
    schedule = LambdaLR(optimizer, lambda step: rate_factor(step, len(sampler), config))

    progress = Progress(network=network, ema=ema, optimizer=optimizer, schedule=schedule)
    identity = settings.fingerprint() | {"threads": threads, "autocast": autocast}
    load_progress(folder, progress, identity)
    bar = _bar(settings, done=progress.epoch * len(sampler), total=config.epochs * len(sampler))
    for epoch in range(progress.epoch, config.epochs):
        started = time.monotonic()
        sampler.epoch = epoch
        loss = _train_epoch(settings, progress, loader, autocast, bar)
        counts = _validate(settings, ema) if _is_due(epoch, config) else None
        row = EpochRow(
            epoch=epoch + 1,
            loss=loss,
            learning_rate=float(schedule.get_last_lr()[-1]),
            iou=None if counts is None else pooled(counts),
            duration_s=round(time.monotonic() - started, 2),
        )
        progress.take(row, counts)
        save_progress(folder, progress, identity)
        _say(settings, row, bar)
    bar.close()

    record = _record(settings, progress, threads, autocast)
    network.load_state_dict(progress.best_weights)
    write_counts(folder / COUNTS_NAME, progress.best_counts)
    write_history(folder, spec.name, progress.history)
    save(folder / FILE_NAME, network, record)
    drop_progress(folder)
    return record


def train_step(
    network: SegmentationNetwork,
    batch: Tensor,
    config: TrainConfig,
    optimizer: torch.optim.Optimizer,
    autocast: Autocast,
) -> Tensor:
    """One step on uint8 [N, 4, S, S] (RGB, soft mask); returns the loss, detached."""
    pixels = batch.float() / 255
    image = pixels[:, :3].contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast == "bf16"):
        logits = network(image)
    loss = segmentation_loss(logits, pixels[:, 3:], config.bce_share)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def make_optimizer(network: SegmentationNetwork, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; the encoder at its own rate; no decay on biases and batch norms."""
    encoder = {id(p) for p in network.encoder.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        groups.setdefault((id(parameter) in encoder, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": config.learning_rate * (config.encoder_rate_factor if encoded else 1),
                "weight_decay": config.weight_decay if decayed else 0.0,
            }
            for (encoded, decayed), parameters in groups.items()
        ]
    )


def rate_factor(step: int, steps_per_epoch: int, config: TrainConfig) -> float:
    """Factor on the learning rates: linear warm-up, then a cosine to zero."""
    warmup = config.warmup_epochs * steps_per_epoch
    total = config.epochs * steps_per_epoch
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def resolve_autocast(config: TrainConfig) -> Autocast:
    """bf16 pays only where the CPU computes in it: measured 5x slower than fp32 on AVX2."""
    if config.autocast != "auto":
        return config.autocast
    return "bf16" if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else "fp32"


def _ema(decay: float) -> Callable[..., None]:
    """Exponential moving average whose decay grows to `decay`, so that a short run has one too."""

    def update(averaged: list[Tensor], current: list[Tensor], updates: Tensor) -> None:
        warm = min(decay, (1 + float(updates)) / (10 + float(updates)))
        get_ema_multi_avg_fn(warm)(averaged, current, updates)  # type: ignore[no-untyped-call]

    return update


def _bar(settings: Settings, done: int, total: int) -> Bar:
    """Over the whole training, with its ETA; into a log file go the lines of _say alone."""
    return tqdm(
        desc=settings.spec.name, unit="batch", initial=done, total=total, leave=False, disable=None
    )


def _train_epoch(
    settings: Settings,
    progress: Progress,
    loader: DataLoader[Tensor],
    autocast: Autocast,
    bar: Bar,
) -> float:
    progress.network.train()
    losses = []
    for batch in loader:
        losses.append(
            train_step(progress.network, batch, settings.config, progress.optimizer, autocast)
        )
        progress.schedule.step()
        progress.ema.update_parameters(progress.network)
        bar.update()
    return float(torch.stack(losses).mean())


def _is_due(epoch: int, config: TrainConfig) -> bool:
    return epoch + 1 == config.epochs or (epoch + 1) % config.evaluate_every == 0


def _validate(settings: Settings, ema: AveragedModel) -> list[ImageCounts]:
    return evaluate(
        torch_predictor(ema.module),
        settings.dataset,
        settings.dataset.items("validation"),
        size=settings.spec.size,
        target=settings.config.target,
        batch_size=EVALUATION_BATCH,
    )


def _record(
    settings: Settings, progress: Progress, threads: int, autocast: Autocast
) -> CheckpointRecord:
    return CheckpointRecord(
        model=settings.spec.name,
        config=settings.config.model_dump(mode="json"),
        init=settings.encoder.init,
        split=settings.dataset.split(),
        threads=threads,
        autocast=autocast,
        epoch=progress.best_epoch,
        validation_iou=pooled(progress.best_counts),
        tools={"torch": torch.__version__, "torchvision": torchvision.__version__},
    )


def _say(settings: Settings, row: EpochRow, bar: Bar) -> None:
    measured = "" if row["iou"] is None else f"  IoU {row['iou']:.4f}"
    if row["iou"] is not None:
        bar.set_postfix(IoU=f"{row['iou']:.4f}")
    left_s = (settings.config.epochs - row["epoch"]) * row["duration_s"]
    tqdm.write(
        f"{settings.spec.name}  epoch {row['epoch']}/{settings.config.epochs}"
        f"  loss {row['loss']:.4f}{measured}"
        f"  {row['duration_s']:.0f} s, about {left_s / 60:.0f} min left",
        file=sys.stderr,
    )
