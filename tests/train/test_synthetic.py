"""Synthetic portraits: repeatable, varied, labelled as drawn."""

from __future__ import annotations

import numpy as np
from commands import invoke
from PIL import Image

from train.data.dataset import CLASSES, Dataset
from train.synthetic.prepare import NAME, labelled_portrait
from train.synthetic.scene import SIDE, portrait
from zoo.home import Home

SAMPLE = 120


def test_a_portrait_depends_on_its_seed_and_number_alone() -> None:
    image, labels = portrait(3, 7)
    portrait(3, 8)
    again, labels_again = portrait(3, 7)
    assert image.tobytes() == again.tobytes()
    assert (labels == labels_again).all()
    assert image.size == labels.shape == (SIDE, SIDE)
    assert portrait(4, 7)[0].tobytes() != image.tobytes()
    assert labelled_portrait(3, ("train", 7)).image != labelled_portrait(3, ("validation", 7)).image


def test_heads_vary_and_hair_can_be_seen() -> None:
    """Over a sample: bald heads and long hair, pale and dark, and hair unlike what is around it."""
    pairs = [portrait(1, index) for index in range(SAMPLE)]
    shares = np.array([(labels == CLASSES["hair"]).mean() for _, labels in pairs])
    assert 0.04 < (shares < 0.002).mean() < 0.3
    assert (shares > 0.2).any()
    assert all((labels == CLASSES["face"]).mean() > 0.01 for _, labels in pairs)
    skins = [np.asarray(image)[labels == CLASSES["face"]].mean() for image, labels in pairs]
    assert min(skins) < 70
    assert max(skins) > 150
    contrasts = [contrast(image, labels) for image, labels in pairs if 1 in labels]
    assert np.median(contrasts) > 25


def contrast(image: Image.Image, labels: np.ndarray) -> float:
    pixels = np.asarray(image, dtype=float)
    hair = pixels[labels == CLASSES["hair"]].mean(axis=0)
    return float(np.abs(hair - pixels[labels != CLASSES["hair"]].mean(axis=0)).max())


def test_the_command_draws_once_and_more_training_changes_no_validation(home: Home) -> None:
    small = ("data", "synthetic", "--train", "6", "--validation", "4")
    assert "6 train, 4 validation" in invoke(*small).output
    first = Dataset.open(home, NAME)
    written = (first.folder / "dataset.json").stat().st_mtime_ns
    invoke(*small)
    assert (first.folder / "dataset.json").stat().st_mtime_ns == written
    invoke("data", "synthetic", "--train", "9", "--validation", "4")
    second = Dataset.open(home, NAME)
    assert second.items("validation") == first.items("validation")
    assert second.items("train")[:6] == first.items("train")
