"""The trainer, in the order things happen: one for every variant."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.config import TrainConfig
from train.evaluate import evaluate, torch_predictor
from train.history import EpochRow, write_history
from train.loader import EpochBatches, TrainingImages, batches, spare_workers
from train.pretrained import load_first_weights
from train.processes import Processes
from train.resume import Progress, drop_progress, load_progress, save_progress
from train.settings import Settings
from train.step import Autocast, begin, resolve_autocast, train_step
from zoo import registry
from zoo.checkpoint import COUNTS_NAME, FILE_NAME, CheckpointRecord, save
from zoo.iou import ImageCounts, pooled, write_counts
from zoo.network import SegmentationNetwork

EVALUATION_BATCH = 25
ALONE = Processes()
Bar: TypeAlias = "tqdm[NoReturn]"


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the arithmetic is done here: with the settings, all that the bytes depend on."""

    threads: int
    workers: int
    autocast: Autocast
    here: Processes

    @classmethod
    def on_this_machine(cls, config: TrainConfig, here: Processes) -> Way:
        cores = max((os.cpu_count() or 1) // here.on_this_machine, 1)
        workers = spare_workers(cores)
        return cls(
            threads=config.threads or cores - workers,
            workers=workers,
            autocast=resolve_autocast(config, here.device),
            here=here,
        )

    def fingerprint(self) -> dict[str, int | str]:
        return {
            "threads": self.threads,
            "autocast": self.autocast,
            "processes": self.here.count,
            "device": self.here.device.type,
        }


def train(settings: Settings, folder: Path, here: Processes = ALONE) -> CheckpointRecord:
    """Train one variant into `folder`, or go on where a stopped run of the same settings was.

    With epochs 0 the first weights are taken as they are, and measured. Leaves
    `checkpoint.safetensors` (the EMA weights of the best validation IoU), `validation_counts.csv`,
    `history.csv` and `curve.png`, written by the first of several processes. Repeated on a CPU at
    the same thread count it gives the same bytes. Raises WeightsError, DataError, RecipeError.
    """
    way = Way.on_this_machine(settings.config, here)
    torch.set_num_threads(way.threads)
    torch.manual_seed(settings.config.seed)

    network = registry.build(settings.spec)
    load_first_weights(network, settings.first_weights, settings.spec)
    network = network.to(here.device).to(memory_format=torch.channels_last)
    if settings.config.epochs == 0:
        progress = _measure(settings, network)
    else:
        progress = _run_epochs(settings, way, network, folder)
    stored = _store(settings, way, progress, folder) if here.first else None
    record = here.from_first(stored)
    assert record is not None
    return record


def _measure(settings: Settings, network: SegmentationNetwork) -> Progress:
    """Epoch 0: the first weights, validated. No training image is decoded."""
    started = time.monotonic()
    progress = begin(network, settings.config, 0, settings.first_weights.pretrained)
    counts = _validate(settings, network)
    spent = round(time.monotonic() - started, 2)
    row = EpochRow(epoch=0, loss=None, learning_rate=None, iou=pooled(counts), duration_s=spent)
    progress.take(row, counts)
    return progress


def _run_epochs(
    settings: Settings, way: Way, network: SegmentationNetwork, folder: Path
) -> Progress:
    """Every epoch that is not done yet; where it stands is stored after each."""
    config, here = settings.config, way.here
    images = TrainingImages(settings.dataset, config, settings.spec.size)
    sampler = EpochBatches(len(images), config, here)
    loader = batches(images, sampler, way.workers)
    joined = here.joined(network)
    progress = begin(network, config, len(sampler), settings.first_weights.pretrained)
    identity = here.agreed(settings.fingerprint() | way.fingerprint())
    load_progress(folder, progress, identity, here)
    bar = _bar(settings, here, progress.epoch * len(sampler), config.epochs * len(sampler))
    for epoch in range(progress.epoch, config.epochs):
        started = time.monotonic()
        sampler.epoch = epoch
        loss = _train_epoch(settings, way, progress, joined, loader, bar)
        measured = here.first and _is_due(epoch, config)
        counts = _validate(settings, progress.ema.module) if measured else None
        row = EpochRow(
            epoch=epoch + 1,
            loss=loss,
            learning_rate=float(progress.schedule.get_last_lr()[-1]),
            iou=None if counts is None else pooled(counts),
            duration_s=round(time.monotonic() - started, 2),
        )
        progress.take(row, counts)
        if here.first:
            save_progress(folder, progress, identity)
            _say(settings, row, bar)
    bar.close()
    return progress


def _train_epoch(
    settings: Settings,
    way: Way,
    progress: Progress,
    joined: nn.Module,
    loader: DataLoader[Tensor],
    bar: Bar,
) -> float:
    """The mean loss of this process's share."""
    joined.train()
    losses = []
    for batch in loader:
        losses.append(train_step(joined, batch, settings.config, progress.optimizer, way.autocast))
        progress.schedule.step()
        progress.ema.update_parameters(progress.network)
        bar.update()
    return float(torch.stack(losses).mean())


def _is_due(epoch: int, config: TrainConfig) -> bool:
    return epoch + 1 == config.epochs or (epoch + 1) % config.evaluate_every == 0


def _validate(settings: Settings, network: nn.Module) -> list[ImageCounts]:
    return evaluate(
        torch_predictor(network),
        settings.dataset,
        settings.dataset.items("validation"),
        size=settings.spec.size,
        target=settings.config.target,
        batch_size=EVALUATION_BATCH,
    )


def _store(settings: Settings, way: Way, progress: Progress, folder: Path) -> CheckpointRecord:
    record = CheckpointRecord(
        model=settings.spec.name,
        config=settings.config.model_dump(mode="json"),
        init=settings.first_weights.init,
        split=settings.dataset.split(),
        threads=way.threads,
        processes=way.here.count,
        autocast=way.autocast,
        epoch=progress.best_epoch,
        validation_iou=pooled(progress.best_counts),
        tools={"torch": torch.__version__, "torchvision": torchvision.__version__},
    )
    network = progress.network
    network.load_state_dict(progress.best_weights)
    write_counts(folder / COUNTS_NAME, progress.best_counts)
    write_history(folder, settings.spec.name, progress.history)
    save(folder / FILE_NAME, network, record)
    drop_progress(folder)
    return record


def _bar(settings: Settings, here: Processes, done: int, total: int) -> Bar:
    """Over the whole training, with its ETA; into a log file go the lines of _say alone."""
    return tqdm(
        desc=settings.spec.name,
        unit="batch",
        initial=done,
        total=total,
        leave=False,
        disable=None if here.first else True,
    )


def _say(settings: Settings, row: EpochRow, bar: Bar) -> None:
    learnt = "" if row["loss"] is None else f"  loss {row['loss']:.4f}"
    measured = "" if row["iou"] is None else f"  IoU {row['iou']:.4f}"
    if row["iou"] is not None:
        bar.set_postfix(IoU=f"{row['iou']:.4f}")
    left_s = (settings.config.epochs - row["epoch"]) * row["duration_s"]
    tqdm.write(
        f"{settings.spec.name}  epoch {row['epoch']}/{settings.config.epochs}"
        f"{learnt}{measured}"
        f"  {row['duration_s']:.0f} s, about {left_s / 60:.0f} min left",
        file=sys.stderr,
    )
