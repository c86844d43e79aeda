"""Pixels without a label: they count neither in the loss nor in the IoU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from commands import RECIPE, TINY, TRAIN, invoke
from drawn import write_portraits
from PIL import Image

from train.config import load_recipe
from train.data.dataset import IGNORED, Dataset, encoded_mask
from train.evaluate import counted
from train.loader import Key, TrainingImages
from train.losses import segmentation_loss
from zoo.artifact.iou import read_counts
from zoo.home import Home
from zoo.registry import get


def partly_labelled(folder: Path, first: int = 0) -> Path:
    """Portraits of whose masks the left half is yellow, from one of them on."""
    write_portraits(folder, 20)
    for path in sorted((folder / "masks").iterdir())[first:]:
        mask = Image.open(path)
        mask.paste((255, 255, 0), (0, 0, 48, 96))
        mask.save(path)
    return folder


def test_the_iou_leaves_them_out(tmp_path: Path, home: Home) -> None:
    folder = partly_labelled(tmp_path / "own")
    words = ("data", "folder", str(folder), "--name", "own")
    assert "not named: 255,255,0 (50.0%)" in invoke(*words, status=1).output
    invoke(*words, "--ignore", "yellow")
    dataset = Dataset.open(home, "own")
    item = dataset.record.items[0]
    labels = dataset.mask(item)
    assert (labels[:, :48] == IGNORED).all()
    assert not (labels[:, 48:] == IGNORED).any()
    everywhere = counted(dataset, item, np.ones((128, 128), dtype=np.float32), "hair")
    assert everywhere.predicted == 48 * 96
    assert everywhere.labelled == int((labels == 1).sum())


def test_the_loss_leaves_them_out() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 8, 8, generator=generator, requires_grad=True)
    target = torch.rand(2, 1, 8, 8, generator=generator)
    known = torch.ones(2, 1, 8, 8)
    known[..., :4] = 0
    loss = segmentation_loss(logits, target, 0.5, known)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert not logits.grad[..., :4].any()
    assert logits.grad[..., 4:].all()
    cut = segmentation_loss(logits[..., 4:], target[..., 4:], 0.5)
    assert torch.allclose(loss, cut)
    whole = segmentation_loss(logits, target, 0.5, torch.ones_like(known))
    assert torch.allclose(whole, segmentation_loss(logits, target, 0.5))


def test_a_training_learns_from_the_rest(tmp_path: Path, home: Home) -> None:
    # Some photographs of the set are labelled throughout.
    folder = partly_labelled(tmp_path / "own", first=10)
    invoke("data", "folder", str(folder), "--name", "drawn", "--ignore", "yellow")
    dataset = Dataset.open(home, "drawn")
    images = TrainingImages(dataset, load_recipe(RECIPE), [128])
    partly = [bool((dataset.mask(item) == IGNORED).any()) for item in dataset.items("train")]
    assert [bool(pixels[4].any()) for pixels in images.pixels] == partly
    assert images[Key(0, partly.index(True), 128)].shape == (5, 128, 128)
    invoke(*TRAIN, "--epochs", "1")
    path = home.checkpoint_folder(get(TINY)) / "validation_counts.csv"
    by_id = {item.id: item for item in dataset.items("validation")}
    for counts in read_counts(path):
        known = dataset.mask(by_id[counts.image]) != IGNORED
        assert counts.predicted <= int(known.sum())


def test_what_no_mask_labels_is_not_trained_on(tmp_path: Path, home: Home) -> None:
    folder = str(write_portraits(tmp_path / "own", 20))
    without = ("--hair", "red", "--background", "blue", "--background", "lime")
    invoke("data", "folder", folder, "--name", "faces")
    invoke("data", "folder", folder, "--name", "plain", *without)
    invoke("data", "join", "faces", "plain", "--name", "drawn")
    for epochs in ("0", "1"):
        output = invoke(*TRAIN, "--target", "face", "--epochs", epochs, status=1).output
        assert "no validation photograph of plain has a pixel that is labelled face" in output
    dataset = Dataset.open(home, "drawn")
    for item in dataset.items("train"):
        (dataset.folder / item.mask).write_bytes(encoded_mask(np.zeros((96, 96), np.uint8)))
    assert "no train photograph of faces, plain" in invoke(*TRAIN, status=1).output
