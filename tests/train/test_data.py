"""Labelled photographs: archives, folders, lists, splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn import NAMES, encoded, portrait, write_archives, write_portraits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from train.data.dataset import Dataset, split_by_hash
from train.data.folder import prepare_folder
from train.data.lfw import prepare_lfw
from zoo.base.errors import DataError, InvalidName, MissingStep
from zoo.home import Home


def test_official_lists_with_unpadded_numbers(tmp_path: Path, home: Home) -> None:
    write_archives(tmp_path)
    (tmp_path / "parts_train.txt").write_text("Ann_Lee 1\nAnn_Lee 0002\n")
    (tmp_path / "parts_validation.txt").write_text("Bo_Ek 1\n")
    dataset = prepare_lfw(home, tmp_path)
    assert [i.id for i in dataset.items("train")] == ["Ann_Lee_0001", "Ann_Lee_0002"]
    assert [(i.id, i.person) for i in dataset.items("validation")] == [("Bo_Ek_0001", "Bo_Ek")]
    assert "Cy_Orr_0003" not in {i.id for i in dataset.record.items}
    item = dataset.items("validation")[0]
    drawn = np.asarray(portrait(2)[1])
    assert ((dataset.mask(item) == 1) == (drawn == (255, 0, 0)).all(axis=2)).all()
    assert dataset.photograph(item).size == (96, 96)


def test_a_test_list_is_taken_and_changes_no_hash(tmp_path: Path, home: Home) -> None:
    write_archives(tmp_path)
    (tmp_path / "parts_train.txt").write_text("Ann_Lee 1\n")
    (tmp_path / "parts_validation.txt").write_text("Bo_Ek 1\n")
    without = prepare_lfw(home, tmp_path)
    (tmp_path / "parts_test.txt").write_text("Cy_Orr 3\n")
    with_test = prepare_lfw(home, tmp_path)
    assert [i.id for i in with_test.items("test")] == ["Cy_Orr_0003"]
    assert with_test.record.sha256 == without.record.sha256


def test_without_lists_the_split_is_by_hash_and_recorded(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 30)
    first = prepare_folder(home, folder, "own", seed=3)
    assert "seed 3" in first.record.rule
    again = Dataset.open(home, "own")
    assert again.record == first.record
    other = prepare_folder(home, folder, "own", seed=4)
    assert other.record.sha256 != first.record.sha256


@given(st.lists(st.text(min_size=1), unique=True, min_size=2), st.integers(0, 5))
def test_adding_an_image_moves_no_other(ids: list[str], seed: int) -> None:
    fewer = split_by_hash(ids[:-1], seed, 0.2)
    assert fewer.items() <= split_by_hash(ids, seed, 0.2).items()


def test_a_missing_mask_is_named(tmp_path: Path, home: Home) -> None:
    write_archives(tmp_path)
    (tmp_path / "parts_train.txt").write_text("Ann_Lee 1\nNo_Body 7\n")
    with pytest.raises(DataError, match="No_Body_0007"):
        prepare_lfw(home, tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (encoded(Image.new("RGB", (96, 96), (9, 9, 9)), "PPM"), r"not named: 9,9,9 \(100.0%\)"),
        (encoded(Image.new("RGB", (90, 96), (0, 0, 255)), "PPM"), "the mask is 90x96"),
        (b"not an image", "cannot be read"),
    ],
)
def test_a_bad_mask_stops_and_leaves_nothing(
    tmp_path: Path, home: Home, content: bytes, told: str
) -> None:
    write_archives(tmp_path, {f"parts_lfw_funneled_gt_images/{NAMES[1]}.ppm": content})
    with pytest.raises(DataError, match=told) as caught:
        prepare_lfw(home, tmp_path)
    assert NAMES[1] in str(caught.value)
    assert not (home.root / "data" / "lfw").exists()
    assert list((home.root / "data").glob("[!.]*")) == []
    assert not list((home.root / "data").glob(".bench-*"))


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "a\nb"])
def test_a_data_set_stays_in_its_folder(home: Home, name: str) -> None:
    with pytest.raises(InvalidName):
        Dataset.open(home, name)


def test_a_data_set_that_was_never_prepared(home: Home) -> None:
    with pytest.raises(MissingStep, match="bench data lfw"):
        Dataset.open(home, "lfw")


def test_the_real_archives(home: Home, lfw_archives: Path) -> None:
    dataset = prepare_lfw(home, lfw_archives)
    assert len(dataset.items("train")) == 1500
    assert len(dataset.items("validation")) == 500
    assert "Dianne_Feinstein_0002" in {item.id for item in dataset.record.items}
    items = dataset.record.items
    assert {(item.width, item.height) for item in items} == {(250, 250)}
    without_hair = sum(not (dataset.mask(item) == 1).any() for item in items)
    assert without_hair == 78
