"""Feeds the trainer: decoded once, augmented in a worker, the same whatever order it runs in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils import data

from train.augment import Augment
from train.config import TrainConfig
from train.dataset import CLASSES, Dataset, Item
from zoo.files import sha256_of_json

# A photograph is held at no more than this on its longer side: training sees at most 224 of it.
LONGEST_SIDE = 384


class TrainingImages(data.Dataset[Tensor]):
    """uint8 [4, size, size] (RGB, soft mask) a photograph, augmented anew at each key.

    A key is (epoch, position in the data set); the augmentation is seeded by it, so neither
    workers nor a resumed run change what is seen.
    """

    def __init__(self, dataset: Dataset, config: TrainConfig, size: int) -> None:
        self.pixels = [_decode(dataset, item, config.target) for item in dataset.items("train")]
        self.augment = Augment(config.augmentation, size)
        self.seed = config.seed

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, key: tuple[int, int]) -> Tensor:
        epoch, index = key
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_seed(self.seed, epoch, index))
            return self.augment(self.pixels[index])


def _decode(dataset: Dataset, item: Item, target: str) -> Tensor:
    image = dataset.photograph(item)
    mask = Image.fromarray((dataset.mask(item) == CLASSES[target]).astype(np.uint8) * 255)
    for picture in (image, mask):
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    stacked = np.dstack([np.asarray(image), np.asarray(mask)])
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(2, 0, 1)))


class EpochBatches(data.Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index) keys, shuffled by seed and epoch; the last short one is dropped.

    Batch norm can not learn from a batch of one, so short ones go; where there are fewer images
    than one batch, they make the only batch.
    """

    def __init__(self, images: int, config: TrainConfig) -> None:
        self.images = images
        self.batch_size = min(config.batch_size, images)
        self.seed = config.seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.images // self.batch_size

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        generator = torch.Generator().manual_seed(_seed(self.seed, self.epoch, -1))
        order = torch.randperm(self.images, generator=generator).tolist()
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield [(self.epoch, index) for index in order[start : start + self.batch_size]]


def batches(images: TrainingImages, sampler: EpochBatches) -> data.DataLoader[Tensor]:
    """Batches uint8 [N, 4, size, size], made ahead of time by one worker process."""
    return data.DataLoader(
        images,
        batch_sampler=sampler,
        num_workers=1,
        prefetch_factor=4,
        worker_init_fn=_one_thread,
    )


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def _seed(seed: int, epoch: int, index: int) -> int:
    return int(sha256_of_json([seed, epoch, index])[:12], 16)
