"""Photographs as phones take them: image and label stay together, and a mix holds its weights."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from train.augment import Augment
from train.config import Augmentation, TrainConfig
from train.distort import View, before, low_resolution, recoloured, seen
from train.loader import EpochBatches, Key
from train.processes import Processes

PHONE = Augmentation(
    rotation_degrees=30,
    rotation_share=1,
    scale_share=1,
    brightness=0,
    contrast=0,
    saturation=0,
    grayscale_share=0,
)


def portrait(side: int = 96, radius: int = 12) -> Tensor:
    """uint8 [4, side, side]: noise, with a disc of hair that is red as its mask is white."""
    generator = torch.Generator().manual_seed(0)
    place = torch.arange(side) - side / 2
    disc = (place[None] ** 2 + place[:, None] ** 2 < radius**2).to(torch.uint8) * 255
    noise = torch.randint(0, 255, (2, side, side), generator=generator, dtype=torch.uint8)
    return torch.stack([disc, *noise, disc])


@pytest.mark.parametrize("seed", range(12))
def test_the_label_moves_with_the_photograph(seed: int) -> None:
    torch.manual_seed(seed)
    found = Augment(PHONE, 64)(portrait())
    assert found.shape == (4, 64, 64)
    assert (found[0].int() - found[3].int()).abs().max() <= 1


def test_colour_changes_leave_the_mask_alone() -> None:
    augmentation = Augmentation(crop_area_min=1.0, rotation_share=0)
    pixels = torch.full((4, 128, 128), 200, dtype=torch.uint8)
    torch.manual_seed(1)
    moved = Augment(augmentation, 128)(pixels)
    assert (moved[3] == 200).all()
    assert not (moved[:3] == 200).all()


def test_a_view_shows_hair_as_large_as_its_zoom_says() -> None:
    pixels = portrait()
    whole = float(pixels[3].float().sum())
    near = seen(pixels, View(zoom=2), 96, 96)[3].float()
    # Further out its mirror images stand beside it.
    far = seen(pixels, View(zoom=0.5), 96, 96)[3, :, 24:72].float()
    assert float(near.sum()) / whole == pytest.approx(4, rel=0.05)
    assert float(far.sum()) / whole == pytest.approx(0.25, rel=0.05)


def test_a_turn_by_a_right_angle_is_the_turned_photograph() -> None:
    pixels = portrait()
    pixels[:, :20] = 0
    found = seen(pixels, View(turn=90), 96, 96)
    assert (found.int() - torch.rot90(pixels, 1, (1, 2)).int()).abs().max() <= 1


def test_before_another_photograph_both_are_labelled() -> None:
    person, behind = portrait(), portrait()
    behind[3] = 0
    behind[3, :10] = 255
    found = before(person, behind)
    assert (found[:, 40:56, 40:56] == person[:, 40:56, 40:56]).all()
    assert (found[:, :4, :4] == behind[:, :4, :4]).all()
    assert (found[3, :4] > 127).all()
    bald = person.clone()
    bald[3] = 0
    assert (before(bald, behind) == bald).all()


def test_dye_stays_in_the_hair() -> None:
    pixels = portrait()
    found = recoloured(pixels, (0.1, 0.2, 0.9), 1.0)
    hair = pixels[3] > 0
    assert (found[:, ~hair] == pixels[:, ~hair]).all()
    assert (found[2][hair].float() >= found[0][hair].float()).all()


def test_low_resolution_keeps_the_size_and_loses_detail() -> None:
    image = portrait()[:3]
    found = low_resolution(image, 0.25)
    assert found.shape == image.shape
    assert found[1].float().std() < image[1].float().std() / 2


def epoch(weights: list[float], images: int = 40) -> list[Key]:
    config = TrainConfig(epochs=1, batch_size=8)
    return [
        key for batch in EpochBatches(images, config, [64], Processes(), weights) for key in batch
    ]


def test_an_epoch_shows_each_source_by_its_weight() -> None:
    keys = epoch([3.0] * 10 + [1.0] * 30)
    shown = Counter(key.position for key in keys)
    assert len(keys) == 40
    assert sum(count for position, count in shown.items() if position < 10) == 20
    assert len(set(keys)) == len(keys), "an image is drawn anew each time that it is shown"
    assert Counter(key.position for key in epoch([2.0] * 40)) == Counter(range(40))
