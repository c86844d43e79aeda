"""IoU: the definition, its interval, the counts on disk; and preprocessing, which it rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.artifact.iou import (
    FEWEST_IMAGES,
    ImageCounts,
    Interval,
    count,
    mean_interval,
    paired_difference,
    pooled,
    pooled_interval,
    read_counts,
    write_counts,
)
from zoo.base.errors import DataError
from zoo.preprocess import open_photograph
from zoo.resizing import mask_at, to_input


def counts_of(intersection: int, predicted: int, labelled: int, image: str = "a") -> ImageCounts:
    return ImageCounts(
        image=image, intersection=intersection, predicted=predicted, labelled=labelled
    )


def random_counts(seed: int, images: int = 60) -> list[ImageCounts]:
    generator = np.random.default_rng(seed)
    labelled = generator.integers(500, 5000, images)
    shared = (labelled * generator.uniform(0.6, 0.95, images)).astype(int)
    return [
        counts_of(int(s), int(s) + 100, int(n), f"i{i}")
        for i, (s, n) in enumerate(zip(shared, labelled, strict=True))
    ]


def test_pooled_and_mean_by_hand() -> None:
    counts = [counts_of(50, 100, 50), counts_of(0, 0, 0), counts_of(0, 10, 0)]
    assert pooled(counts) == 50 / 110
    # 0.5, 1 for neither predicted nor labelled, 0 for hair where there is none.
    assert mean_interval(counts).value == 0.5


def test_count_of_masks() -> None:
    predicted = np.array([[True, True], [False, False]])
    labelled = np.array([[True, False], [True, False]])
    found = count("a", predicted, labelled)
    assert (found.intersection, found.union) == (1, 3)


def test_where_nobody_has_hair_and_none_is_found_all_is_right() -> None:
    counts = [ImageCounts(image=f"{n}", intersection=0, predicted=0, labelled=0) for n in range(25)]
    found = pooled_interval(counts)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    everything = random_counts(0, images=4000)
    truth = pooled(everything)
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        sample = [everything[i] for i in generator.integers(0, len(everything), 80)]
        interval = pooled_interval(sample)
        assert interval.low is not None
        assert interval.high is not None
        covered += interval.low <= truth <= interval.high
    assert 88 <= covered <= 100


def width_of(found: Interval) -> float:
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    return found.high - found.low


def test_of_few_images_there_is_no_interval() -> None:
    counts = random_counts(0)[:FEWEST_IMAGES]
    width_of(pooled_interval(counts))
    few = pooled_interval(counts[1:])
    assert (few.low, few.high) == (None, None)
    assert "too few images" in few.text
    assert not paired_difference(counts[1:], counts[1:]).apart


def test_a_pair_is_compared_on_the_same_images() -> None:
    ours = random_counts(0)
    better = [counts_of(c.intersection + 20, c.predicted + 20, c.labelled, c.image) for c in ours]
    paired = paired_difference(better, ours)
    assert paired.apart
    assert paired.value > 0
    assert width_of(paired) < width_of(pooled_interval(ours)) / 3
    with pytest.raises(DataError, match="different images"):
        paired_difference(ours, ours[::-1])


def test_counts_survive_the_disk(tmp_path: Path) -> None:
    counts = random_counts(2)
    write_counts(tmp_path / "c.csv", counts)
    assert read_counts(tmp_path / "c.csv") == counts


@pytest.mark.parametrize("row", ["a,5,4,9", "a,-1,4,9", "a,x,4,9", "a,1"])
def test_impossible_counts_are_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"image,intersection,predicted,labelled\n{row}\n")
    with pytest.raises(DataError, match=r"c\.csv"):
        read_counts(path)


def test_input_is_rgb_in_0_to_1() -> None:
    image = to_input(Image.new("RGB", (50, 40), (255, 0, 51)), 128)
    assert image.shape == (1, 3, 128, 128)
    assert image.dtype == np.float32
    assert np.allclose(image[0, :, 5, 5], [1, 0, 0.2])


def test_mask_returns_to_the_native_size() -> None:
    probability = np.zeros((128, 128), dtype=np.float32)
    probability[:, 64:] = 1
    mask = mask_at(probability, width=250, height=100)
    assert mask.shape == (100, 250)
    assert mask[:, 130:].all()
    assert not mask[:, :120].any()


def test_an_exif_turn_is_undone(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert open_photograph(tmp_path / "turned.jpg").size == (40, 60)
