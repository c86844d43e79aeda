"""What the labels' own ways cost: coarse contours, and whose hair is labelled at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from measure.record import DOCS
from measure.steps import JOINED, photographs
from measure.workshop import Workshop
from train.data.dataset import CLASSES, Dataset, Item
from train.evaluate import Predict, torch_predictor
from zoo.artifact.iou import ImageCounts, count, pooled_interval
from zoo.artifact.sources import by_source
from zoo.base.files import write_text
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.preprocess import THRESHOLD
from zoo.registry import get
from zoo.resizing import mask_at, to_input
from zoo.spec import ZOO

MODELS = tuple(f"{ZOO}_{one}" for one in ("0.5_224", "1.0_224"))
# How far from a label's contour nothing is counted, as a share of the shorter side.
BANDS = (0.01, 0.02)
AS_IT_IS, REGIONS = "all pixels", "without regions of found hair that touch no labelled hair"
Mask = NDArray[np.bool_]


def labels(shop: Workshop) -> None:
    """The IoU on each data set, leaving out what its labels may have otherwise."""
    photographs(shop)
    lines = ["| model | data set | what is counted | IoU [95 %] |", "|---|---|---|---|"]
    for name in MODELS:
        shop.bench(shop.files, "weights", "take", "--model", name)
        lines += _rows(Home(root=shop.files), name)
    write_text(DOCS / "measured/labels.md", "\n".join(lines) + "\n")


def _rows(home: Home, name: str) -> Iterator[str]:
    dataset, spec = Dataset.open(home, JOINED), get(name)
    network, _ = load(checkpoint_path(home, spec))
    predict = torch_predictor(network)
    counts: dict[str, list[ImageCounts]] = {}
    for item in dataset.items("validation"):
        for what, one in _counted(dataset, item, predict, spec.size):
            counts.setdefault(what, []).append(one)
    for source in by_source(counts[AS_IT_IS], JOINED):
        for what, each in counts.items():
            group = [one for one in each if one.source == source.source]
            yield f"| {name} | {source.source} | {what} | {pooled_interval(group).text} |"


def _counted(
    dataset: Dataset, item: Item, predict: Predict, size: int
) -> Iterator[tuple[str, ImageCounts]]:
    [probability] = predict(to_input(dataset.photograph(item), size))
    found = mask_at(probability, item.width, item.height, THRESHOLD)
    labelled = dataset.mask(item) == CLASSES["hair"]
    yield AS_IT_IS, count(item.id, found, labelled, item.source)
    away = _distance(labelled)
    for band in BANDS:
        kept = away > band * min(item.width, item.height)
        what = f"more than {band:.0%} of the shorter side from a contour"
        yield what, count(item.id, found & kept, labelled & kept, item.source)
    yield REGIONS, count(item.id, _touching(found, labelled), labelled, item.source)


def _distance(labelled: Mask) -> NDArray[np.float64]:
    """Of each pixel to the contour between hair and all else, in pixels."""
    if labelled.all() or not labelled.any():
        return np.full(labelled.shape, np.inf)
    inside = ndimage.distance_transform_edt(labelled)
    outside = ndimage.distance_transform_edt(~labelled)
    return np.asarray(np.where(labelled, inside, outside))


def _touching(found: Mask, labelled: Mask) -> Mask:
    regions, _ = ndimage.label(found)
    touched = np.unique(regions[labelled & found])
    return np.asarray(np.isin(regions, touched[touched > 0]))
