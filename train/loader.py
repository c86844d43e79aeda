"""Feeds the trainer: decoded once, augmented anew, the same whatever order it runs in."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.utils import data

from train.augment import Augment
from train.config import TrainConfig
from train.data.dataset import CLASSES, IGNORED, Dataset, Item
from train.processes import Processes
from train.teacher import Masks
from zoo.base.errors import DataError
from zoo.base.files import sha256_of_json
from zoo.preprocess import UInt8
from zoo.resizing import probability_at

# A photograph is held at no more than this on its longer side: training sees at most 224 of it.
LONGEST_SIDE = 384
_HALF = 128


class Key(NamedTuple):
    """What one augmented image is made from, wholly: the augmentation is seeded by all but `size`.

    showing: how often the epoch has shown this photograph before.
    """

    epoch: int
    position: int
    size: int
    showing: int = 0


class TrainingImages(data.Dataset[Tensor]):
    """uint8 [4, size, size] (RGB, soft mask) a photograph, augmented anew at each key.

    Where any pixel of the data set is not labelled a fifth channel is over 0 at such pixels.
    All that decides it stands in the key, so neither workers nor a resumed run change what is seen.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: TrainConfig,
        sizes: Sequence[int],
        taught: Masks = MappingProxyType({}),
    ) -> None:
        """taught: of photographs by their id, the masks of teachers."""
        self.pixels = _alike(
            [_decode(dataset, item, config, taught.get(item.id)) for item in dataset.items("train")]
        )
        self.augment = {size: Augment(config.augmentation, size) for size in sizes}
        self.seed = config.seed

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, key: Key) -> Tensor:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: list[Key]) -> list[Tensor]:
        """A batch at once: the DataLoader prefers it to one call an image."""
        with torch.random.fork_rng(devices=[]):
            return [self._augmented(key) for key in keys]

    def _augmented(self, key: Key) -> Tensor:
        # Not torch.manual_seed: it formats a stack trace for CUDA at every call.
        torch.default_generator.manual_seed(_seed(self.seed, key.epoch, key.position, key.showing))
        return self.augment[key.size](self.pixels[key.position], self._any)

    def _any(self) -> Tensor:
        return self.pixels[int(torch.randint(len(self.pixels), ()))]


def _decode(dataset: Dataset, item: Item, config: TrainConfig, taught: UInt8 | None) -> Tensor:
    image, labels = dataset.photograph(item), dataset.mask(item)
    mask = Image.fromarray((labels == CLASSES[config.target]).astype(np.uint8) * 255)
    planes: list[Image.Image] = [image, mask]
    if (labels == IGNORED).any():
        planes.append(Image.fromarray((labels == IGNORED).astype(np.uint8) * 255))
    halved = image.size != mask.size
    for plane in planes:
        plane.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    if halved:
        # A very large JPEG: its sides were rounded once more than those of the mask.
        planes[0] = image = image.resize(mask.size, Image.Resampling.BILINEAR)
    soft = np.asarray(mask)
    if taught is not None:
        theirs = probability_at(taught.astype(np.float32), mask.width, mask.height)
        share = np.where(_contour(mask, config.teacher_border), 1.0, config.teacher_share)
        soft = (soft + share * (theirs - soft)).round().astype(np.uint8)
    # Channels last in memory: torch resizes uint8 so with vector instructions, to the same values.
    whole = np.dstack([np.asarray(image), soft, *[np.asarray(plane) for plane in planes[2:]]])
    return torch.from_numpy(whole).permute(2, 0, 1)


def _contour(mask: Image.Image, reach: float) -> NDArray[np.bool_]:
    """Pixels that near to both hair and none, [H, W]; reach: a share of the shorter side."""
    pixels = round(reach * min(mask.size))
    if pixels == 0:
        return np.zeros((mask.height, mask.width), np.bool_)
    side = 2 * pixels + 1
    near, inside = (
        mask.filter(kind(side)) for kind in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    return (np.asarray(near) > _HALF) & (np.asarray(inside) < _HALF)


def _alike(decoded: list[Tensor]) -> list[Tensor]:
    """With as many channels each: where one has a fifth, the others get an empty one."""
    most = max((len(pixels) for pixels in decoded), default=4)
    gaps = [pixels.new_zeros((most - len(pixels), *pixels.shape[1:])) for pixels in decoded]
    return [
        torch.cat([pixels, gap]) if len(gap) else pixels
        for pixels, gap in zip(decoded, gaps, strict=True)
    ]


class EpochBatches(data.Sampler[list[Key]]):
    """Batches of keys, shuffled by seed and epoch; the last short one is dropped.

    An epoch shows as many photographs as there are, each as often as its weight says against the
    mean: with weights 1 each once.
    A batch is of one size. The share of a size falls with its side, in shuffled order: small inputs
    cost less, and need more steps.
    Batch norm cannot learn from a batch of one, so short ones go; where there are fewer images
    than one batch, they make the only batch. Of several processes each takes its share of every
    batch, so that together they see what one would have seen.
    """

    def __init__(
        self,
        images: int,
        config: TrainConfig,
        sizes: Sequence[int],
        here: Processes,
        weights: Sequence[float] = (),
    ) -> None:
        if images < 2 * here.count:
            raise DataError(
                f"{images} training photographs are too few for {here.count} processes",
                expected="two at least for each: one alone has no variance",
                remedy="bench data, with more photographs",
            )
        self.images = images
        self.weights = np.asarray(weights or [1.0] * images)
        self.sizes = sizes
        self.batch_size = min(config.batch_size, images // here.count * here.count)
        here.share_of(self.batch_size)
        self.here = here
        self.seed = config.seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.images // self.batch_size

    def __iter__(self) -> Iterator[list[Key]]:
        generator = torch.Generator().manual_seed(_seed(self.seed, self.epoch, -1))
        order = self._order(generator)
        showings = _earlier(order)
        sizes = self._sizes(generator)
        for number in range(len(self)):
            batch = range(number * self.batch_size, (number + 1) * self.batch_size)
            mine = batch[self.here.rank :: self.here.count]
            yield [Key(self.epoch, order[at], sizes[number], showings[at]) for at in mine]

    def _order(self, generator: torch.Generator) -> list[int]:
        """Which photograph in each place of the epoch."""
        shuffled = torch.randperm(self.images, generator=generator).numpy()
        if self.images == 0 or (self.weights == self.weights[0]).all():
            return [int(index) for index in shuffled]
        upto = np.cumsum(self.weights[shuffled]) / self.weights.mean()
        drawn = shuffled[np.searchsorted(upto[:-1], np.arange(self.images) + 0.5)]
        # Showings of one photograph would follow one another.
        again = torch.randperm(self.images, generator=generator).numpy()
        return [int(index) for index in drawn[again]]

    def _sizes(self, generator: torch.Generator) -> list[int]:
        """The size of each batch."""
        shares = np.cumsum([1 / size for size in self.sizes])
        places = (np.arange(len(self)) + 0.5) / len(self) * shares[-1]
        drawn = np.searchsorted(shares, places)
        order = torch.randperm(len(self), generator=generator).tolist()
        return [self.sizes[drawn[position]] for position in order]


def _earlier(order: Sequence[int]) -> list[int]:
    """Of each place, how often its photograph came before."""
    seen: dict[int, int] = {}
    earlier = []
    for index in order:
        earlier.append(seen.get(index, 0))
        seen[index] = earlier[-1] + 1
    return earlier


def photograph_weights(dataset: Dataset, config: TrainConfig) -> list[float]:
    """How often each training photograph is shown, against the others."""
    items = dataset.items("train")
    return [config.mix.get(item.source or "", 1.0) for item in items]


def weighed_in_vain(dataset: Dataset, config: TrainConfig) -> list[str]:
    """What the recipe's mix names, and the data set has no photographs of."""
    known = {item.source for item in dataset.items("train")}
    return sorted(name for name in config.mix if name not in known)


def spare_workers(cores: int) -> int:
    """Worker processes that pay: with fewer than four cores they only get in the way of the step
    (measured on 2 cores: 64 % of the throughput on a fixed batch with one, 90 % with none)."""
    return cores // 4


def batches(images: TrainingImages, sampler: EpochBatches, workers: int) -> data.DataLoader[Tensor]:
    """Batches uint8 [N, 4, size, size], made ahead of time where there are workers."""
    # Python 3.14 would send each photograph through a pipe; on a Mac no child may be forked.
    fork = "fork" if workers and sys.platform == "linux" else None
    return data.DataLoader(
        images,
        batch_sampler=sampler,
        num_workers=workers,
        worker_init_fn=_one_thread,
        multiprocessing_context=fork,
    )


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def _seed(*numbers: int) -> int:
    return int(sha256_of_json(list(numbers))[:12], 16)
