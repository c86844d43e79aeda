"""The trainer, in the order things happen: one for every variant, and for all sizes of a width."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader

from train.config import TrainConfig
from train.evaluate import check_labelled, evaluate, torch_predictor
from train.history import EpochRow, write_history
from train.init.pretrained import load_first_weights
from train.loader import (
    EpochBatches,
    TrainingImages,
    batches,
    photograph_weights,
    spare_workers,
)
from train.memory import keep_freed_memory
from train.processes import Processes
from train.resume import Progress, drop_progress, load_progress, save_progress
from train.settings import Settings
from train.sizes import SharedSizes, build
from train.step import Autocast, begin, resolve_autocast, train_step
from train.teacher import Masks, drop_masks, teach
from zoo.artifact.iou import pooled, write_counts
from zoo.base.children import share_of_cores
from zoo.base.errors import WeightsError
from zoo.base.progress import Bar, say
from zoo.checkpoint import COUNTS_NAME, CheckpointRecord, checkpoint_path, save
from zoo.home import Home

EVALUATION_BATCH = 25
ALONE = Processes()


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the arithmetic is done here: with the settings, all that the bytes depend on."""

    threads: int
    workers: int
    autocast: Autocast
    here: Processes

    @classmethod
    def on_this_machine(cls, config: TrainConfig, here: Processes, cores: int | None = None) -> Way:
        """cores: those that this training may use, an equal share of them all by default."""
        cores = cores or share_of_cores(here.on_this_machine)
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


def train(
    settings: Settings, home: Home, here: Processes = ALONE, cores: int | None = None
) -> list[CheckpointRecord]:
    """Train the variants of `settings`, or go on where a stopped run of the same settings was.

    With epochs 0 the first weights are taken as they are, and measured. Leaves in each variant's
    folder `checkpoint.safetensors` (the EMA weights at the end) and `validation_counts.csv`, in
    the training's `history.csv` and `curve.png`, written by the first of several processes.
    Repeated on a CPU at the same thread count it gives the same bytes. Raises WeightsError,
    DataError, RecipeError.
    """
    config, dataset = settings.config, settings.dataset
    check_labelled(dataset, "validation", config.target)
    if config.epochs:
        check_labelled(dataset, "train", config.target)
    way = Way.on_this_machine(config, here, cores)
    torch.set_num_threads(way.threads)
    keep_freed_memory()
    torch.manual_seed(config.seed)

    network = build(settings.specs)
    for spec in settings.specs:
        load_first_weights(network.of(spec.size), settings.first_weights, spec)
    network = network.to(here.device).to(memory_format=torch.channels_last)
    if config.epochs == 0:
        progress = _measure(settings, network)
    else:
        progress = _run_epochs(settings, way, network, home.training_folder(settings.name))
    stored = _store(settings, way, progress, home) if here.first else None
    records = here.from_first(stored)
    assert records is not None
    return records


def _measure(settings: Settings, network: SharedSizes) -> Progress:
    """Epoch 0: the first weights, validated. No training image is decoded."""
    started = time.monotonic()
    progress = begin(network, settings.config, 0, settings.first_weights.pretrained)
    _validate(settings, progress)
    progress.history.append(_row(progress, 0, None, None, started))
    return progress


def _run_epochs(settings: Settings, way: Way, network: SharedSizes, folder: Path) -> Progress:
    """Every epoch that is not done yet; where it stands is stored after each."""
    config, here, sizes = settings.config, way.here, settings.sizes
    images = TrainingImages(settings.dataset, config, sizes, _taught(settings, folder, here))
    weights = photograph_weights(settings.dataset, config)
    sampler = EpochBatches(len(images), config, sizes, here, weights)
    loader = batches(images, sampler, way.workers)
    joined = here.joined(network, whole=len(sizes) == 1)
    progress = begin(network, config, len(sampler), settings.first_weights.pretrained)
    identity = here.agreed(settings.fingerprint() | way.fingerprint())
    load_progress(folder, progress, identity, here)
    steps = len(sampler)
    with _bar(settings, here, progress.epoch * steps, config.epochs * steps) as bar:
        for epoch in range(progress.epoch, config.epochs):
            started = time.monotonic()
            sampler.epoch = epoch
            loss = _train_epoch(settings, way, progress, joined, loader, bar)
            if not math.isfinite(loss):
                raise WeightsError(
                    f"{settings.name} diverged in epoch {epoch + 1}: its loss is no number",
                    expected="a loss that falls",
                    remedy="a lower learning_rate in the --recipe",
                )
            measured = here.first and _is_due(epoch, config)
            if measured:
                _validate(settings, progress)
            rate = float(progress.schedule.get_last_lr()[-1])
            row = _row(progress if measured else None, epoch + 1, loss, rate, started)
            progress.history.append(row)
            if here.first:
                save_progress(folder, progress, identity)
                _say(settings, row, bar)
    return progress


def _taught(settings: Settings, folder: Path, here: Processes) -> Masks:
    """The teachers' masks, made by the first of several processes."""
    if not settings.teachers:
        return {}
    made = teach(settings.teachers, settings.dataset, folder, here.device) if here.first else None
    masks = here.from_first(made)
    assert masks is not None
    return masks


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
        bar.step()
    return float(torch.stack(losses).mean())


def _is_due(epoch: int, config: TrainConfig) -> bool:
    return epoch + 1 == config.epochs or (epoch + 1) % config.evaluate_every == 0


def _validate(settings: Settings, progress: Progress) -> None:
    """Count the validation images with the averaged network of each size."""
    for size in settings.sizes:
        progress.counts[size] = evaluate(
            torch_predictor(progress.averaged.of(size)),
            settings.dataset,
            settings.dataset.items("validation"),
            size=size,
            target=settings.config.target,
            batch_size=EVALUATION_BATCH,
        )


def _row(
    measured: Progress | None, epoch: int, loss: float | None, rate: float | None, started: float
) -> EpochRow:
    return EpochRow(
        epoch=epoch,
        loss=loss,
        learning_rate=rate,
        iou=None if measured is None else fmean(map(pooled, measured.counts.values())),
        duration_s=round(time.monotonic() - started, 2),
    )


def _store(settings: Settings, way: Way, progress: Progress, home: Home) -> list[CheckpointRecord]:
    folder = home.training_folder(settings.name)
    write_history(folder, settings.name, progress.history)
    records = []
    for spec in settings.specs:
        counts = progress.counts[spec.size]
        record = CheckpointRecord(
            model=spec.name,
            sizes=tuple(settings.sizes) if len(settings.sizes) > 1 else None,
            config=settings.config.model_dump(mode="json"),
            init=settings.first_weights.init,
            teachers=tuple(file.teacher for file in settings.teachers),
            split=settings.dataset.split(),
            threads=way.threads,
            processes=way.here.count,
            autocast=way.autocast,
            epoch=settings.config.epochs,
            validation_iou=pooled(counts),
            tools={"torch": torch.__version__, "torchvision": torchvision.__version__},
        )
        write_counts(home.checkpoint_folder(spec) / COUNTS_NAME, counts)
        save(checkpoint_path(home, spec), progress.averaged.of(spec.size), record)
        records.append(record)
    drop_progress(folder)
    drop_masks(folder)
    return records


def _bar(settings: Settings, here: Processes, done: int, total: int) -> Bar:
    """Over the whole training, with its ETA; into a log file go the lines of _say alone."""
    return Bar(settings.name, total, "batches", done=done, lines=False, shown=here.first)


def _say(settings: Settings, row: EpochRow, bar: Bar) -> None:
    learnt = "" if row["loss"] is None else f"  loss {row['loss']:.4f}"
    measured = "" if row["iou"] is None else f"  IoU {row['iou']:.4f}"
    if row["iou"] is not None:
        bar.note(f"IoU {row['iou']:.4f}")
    left_s = (settings.config.epochs - row["epoch"]) * row["duration_s"]
    say(
        f"{settings.name}  epoch {row['epoch']}/{settings.config.epochs}"
        f"{learnt}{measured}"
        f"  {row['duration_s']:.0f} s, about {left_s / 60:.0f} min left"
    )
