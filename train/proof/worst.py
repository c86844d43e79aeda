"""The photographs that a network gets most wrong, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from train.data.dataset import Dataset, Item, SplitName
from train.evaluate import evaluate, labelled_items, masks, torch_predictor
from zoo.artifact.iou import ImageCounts, pooled
from zoo.base.progress import track
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.resizing import to_input
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from train.evaluate import Predict


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A photograph, and the hair that was found in it. wrong: share of its pixels on which the two
    masks differ. found, labelled: bool [H, W], at the label's own size; unlabelled pixels in
    neither."""

    item: Item
    iou: float
    wrong: float
    found: NDArray[np.bool_]
    labelled: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Worst:
    """Of `images` photographs those with the largest share of wrong pixels, the worst first.
    share: what they hold of the sum of all photographs' shares."""

    images: int
    share: float
    mistakes: Sequence[Mistake]


def find_worst(
    home: Home, spec: ModelSpec, dataset: Dataset, split: SplitName, count: int
) -> Worst:
    """By the weights of the variant, in fp32. Raises MissingStep, WeightsError, DataError."""
    network, record = load(checkpoint_path(home, spec))
    predict, target = torch_predictor(network), str(record.config["target"])
    items = labelled_items(dataset, split)
    counts = evaluate(
        predict,
        dataset,
        items,
        size=spec.size,
        target=target,
        progress=lambda steps: track(list(steps), spec.name, "images"),
    )
    wrong = np.array([_wrong(*each) for each in zip(items, counts, strict=True)])
    order = np.argsort(-wrong, kind="stable")[:count]
    mistakes = [
        _mistake(dataset, items[place], counts[place], predict, spec.size, target)
        for place in order
    ]
    share = float(wrong[order].sum() / max(wrong.sum(), 1e-12))
    return Worst(images=len(items), share=share, mistakes=mistakes)


def _wrong(item: Item, one: ImageCounts) -> float:
    return (one.union - one.intersection) / (item.width * item.height)


def _mistake(
    dataset: Dataset, item: Item, one: ImageCounts, predict: Predict, size: int, target: str
) -> Mistake:
    [probability] = predict(to_input(dataset.photograph(item), size))
    found, labelled = masks(dataset, item, probability, target)
    return Mistake(
        item=item, iou=pooled([one]), wrong=_wrong(item, one), found=found, labelled=labelled
    )
