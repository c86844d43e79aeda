"""The photographs that a network gets most wrong, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.data.dataset import Dataset, Item, SplitName
from train.evaluate import evaluate, labelled_items, torch_predictor
from zoo.artifact.iou import ImageCounts, pooled
from zoo.base.progress import track
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.preprocess import Float32
from zoo.resizing import to_input
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from train.evaluate import Predict


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A photograph, and what the network says of it: probability float32 [S, S], which is small,
    and `masks` makes of it what was found. wrong: share of the photograph's pixels on which what is
    found and what is labelled differ."""

    item: Item
    iou: float
    wrong: float
    probability: Float32


@dataclass(frozen=True, kw_only=True)
class Worst:
    """Of `images` photographs those with the largest share of wrong pixels, the worst first.
    share: what they hold of the sum of all photographs' shares. target: what the network finds."""

    images: int
    target: str
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
        _mistake(dataset, items[place], counts[place], predict, spec.size) for place in order
    ]
    share = float(wrong[order].sum() / max(wrong.sum(), 1e-12))
    return Worst(images=len(items), target=target, share=share, mistakes=mistakes)


def _wrong(item: Item, one: ImageCounts) -> float:
    return (one.union - one.intersection) / (item.width * item.height)


def _mistake(
    dataset: Dataset, item: Item, one: ImageCounts, predict: Predict, size: int
) -> Mistake:
    [probability] = predict(to_input(dataset.photograph(item), size))
    wrong = _wrong(item, one)
    return Mistake(item=item, iou=pooled([one]), wrong=wrong, probability=probability)
