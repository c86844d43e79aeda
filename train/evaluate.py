"""Counts pixels of hair, predicted against labelled, at each label's native size."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from train.data.dataset import CLASSES, IGNORED, Dataset, Item, SplitName
from zoo.artifact.iou import ImageCounts, count
from zoo.base.errors import DataError
from zoo.preprocess import THRESHOLD, Float32, UInt8, scaled
from zoo.resizing import mask_at, resized

if TYPE_CHECKING:
    from zoo.network import SegmentationNetwork

Predict = Callable[[Float32], Float32]
# About 150 MB at 224: the files of a variant are judged one after another on the same photographs.
MOST_KEPT = 1024


def evaluate(
    predict: Predict,
    dataset: Dataset,
    items: Sequence[Item],
    *,
    size: int,
    target: str = "hair",
    batch_size: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> list[ImageCounts]:
    """Counts of every item, in order.

    predict: RGB float32 [N, 3, size, size] in 0..1 to probabilities [N, size, size]; N is at most
    batch_size. Photograph, mask and threshold are treated as zoo.preprocess defines.
    """
    counts: list[ImageCounts] = []
    for start in progress(range(0, len(items), batch_size)):
        batch = items[start : start + batch_size]
        pixels = np.stack([_pixels(dataset, item, size) for item in batch])
        for item, probability in zip(batch, predict(scaled(pixels)), strict=True):
            counts.append(counted(dataset, item, probability, target))
    return counts


@lru_cache(MOST_KEPT)
def _pixels(dataset: Dataset, item: Item, size: int) -> UInt8:
    pixels = resized(dataset.photograph(item), size)
    pixels.setflags(write=False)
    return pixels


def labelled_items(dataset: Dataset, split: SplitName) -> list[Item]:
    """What hair is counted on; raises DataError where the split holds nothing."""
    items = dataset.items(split)
    if not items:
        raise DataError(
            f"{dataset.folder} holds no {split} photographs",
            expected="some, to count hair on",
            remedy="bench data --help",
        )
    return items


def check_labelled(dataset: Dataset, split: SplitName, target: str) -> None:
    """Raise DataError where no photograph shows the target: the IoU of a network that finds nothing
    would be 1. Some sources may hold none with hair, on purpose; faces are mostly just not
    labelled, so that each source needs some."""
    sources: dict[str, list[Item]] = defaultdict(list)
    for item in dataset.items(split):
        sources[item.source or dataset.record.name].append(item)
    without = [
        source
        for source, items in sources.items()
        if not any((dataset.mask(item) == CLASSES[target]).any() for item in items)
    ]
    if without and (target != "hair" or len(without) == len(sources)):
        raise DataError(
            f"no {split} photograph of {', '.join(without)} has a pixel that is labelled {target}",
            expected=f"photographs on which {target} is labelled",
            remedy=f"bench data check {shlex.quote(str(dataset.folder))}"
            if target == "hair"
            else "--target hair, or --data with photographs on which the face is labelled",
        )


def counted(
    dataset: Dataset,
    item: Item,
    probability: Float32,
    target: str,
    threshold: float = THRESHOLD,
) -> ImageCounts:
    """Of one item, from its mask [H, W]."""
    return count(item.id, *masks(dataset, item, probability, target, threshold), item.source)


def masks(
    dataset: Dataset,
    item: Item,
    probability: Float32,
    target: str,
    threshold: float = THRESHOLD,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What is found and what is labelled, both at the label's own size; pixels that are not
    labelled are in neither."""
    labels = dataset.mask(item)
    found = mask_at(probability, item.width, item.height, threshold)
    return found & (labels != IGNORED), labels == CLASSES[target]


def torch_predictor(network: SegmentationNetwork, *, half: bool = False) -> Predict:
    """`network` as `evaluate` wants it; switches it to eval mode. half: weights and the output of
    every layer in fp16, batch norms folded first as in the exported files."""
    import torch

    from zoo.export.fold import folded
    from zoo.network import Deployed

    deployed = Deployed(folded(network).half() if half else network).eval()
    device, dtype = next(network.parameters()).device, next(deployed.parameters()).dtype

    def predict(image: Float32) -> Float32:
        with torch.inference_mode():
            tensor = torch.from_numpy(image).to(device, dtype, memory_format=torch.channels_last)
            probability: Float32 = deployed(tensor)[:, 0].float().cpu().numpy()
        return probability

    return predict
