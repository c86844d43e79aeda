"""COCO annotations: polygons, run lengths, and those that are broken or lead elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from drawn import Bits, hair_of, portrait
from PIL import Image

from train.data.dataset import Dataset
from train.layouts.run_lengths import as_mask
from zoo.base.pictures import ORIENTATION
from zoo.home import Home


def box_polygon(left: int, top: int, right: int, bottom: int) -> list[float]:
    return [left, top, right, top, right, bottom, left, bottom]


def coco(folder: Path, count: int = 20) -> tuple[Path, dict[str, Bits]]:
    """Hair in the three ways of COCO, and what it is, by the photograph's name."""
    library = pytest.importorskip("pycocotools.mask", reason="the extra `coco` is not installed")
    (folder / "photos").mkdir(parents=True)
    images, annotations, expected = [], [], {}
    for number in range(count + 1):
        name = f"p{number:03}.jpg"
        portrait(number)[0].save(folder / "photos" / name)
        images.append({"id": number, "file_name": name, "width": 96, "height": 96})
        hair = hair_of(number)
        if number == count:
            continue
        if number % 3 == 0:
            hair = np.zeros((96, 96), dtype=bool)
            hair[10:40, 20:70] = hair[50:80, 20:30] = True
            segmentation: object = [box_polygon(20, 10, 70, 40), box_polygon(20, 50, 30, 80)]
        elif number % 3 == 1:
            flat = hair.T.ravel()
            edges = np.flatnonzero(np.diff(flat, prepend=False))
            counts = np.diff([0, *edges.tolist(), flat.size]).tolist()
            segmentation = {"size": [96, 96], "counts": counts}
        else:
            packed = library.encode(np.asfortranarray(hair.astype(np.uint8)))
            segmentation = {"size": [96, 96], "counts": packed["counts"].decode()}
        expected[f"p{number:03}"] = hair
        about = {"id": number + 1, "image_id": number, "iscrowd": 0, "bbox": [0, 0, 1, 1]}
        annotations.append(about | {"category_id": 7, "segmentation": segmentation})
    # Some tools name the group of a category like the category.
    categories = [(7, "hair"), (9, "hat"), (11, "hair")]
    named = [{"id": id, "name": category} for id, category in categories]
    path = folder / "instances.json"
    whole = {"info": {}, "images": images, "annotations": annotations, "categories": named}
    path.write_text(json.dumps(whole))
    return path, expected


def test_coco(tmp_path: Path, home: Home) -> None:
    path, expected = coco(tmp_path / "own")
    words = ("data", "coco", str(path), "--images", str(path.parent / "photos"))
    output = invoke(*words, "--category", "hair").output
    assert "1 without annotations left out" in output
    dataset = Dataset.open(home, "coco")
    assert {item.id for item in dataset.record.items} == expected.keys()
    for item in dataset.record.items:
        assert ((dataset.mask(item) == 1) == expected[item.id]).all()
    assert "nearest: hair" in invoke(*words, "--category", "hairs", status=1).output


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"segmentation": [[1, 2, 3, 4, 5]]}, "at least 6"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "does not fit"),
        ({"segmentation": [[1e9, 2, 3, 4, 5, 6]]}, "does not fit"),
        ({"segmentation": {"size": [96, 96], "counts": [5, 5]}}, "does not fit"),
        ({"segmentation": {"size": [96, 96], "counts": "o`0zz"}}, "does not fit"),
        ({"segmentation": {"size": [48, 96], "counts": [48 * 96]}}, "does not fit"),
        ({"category_id": "hair"}, "valid integer"),
    ],
)
def test_broken_annotations_are_one_error(
    tmp_path: Path, home: Home, edit: dict[str, object], told: str
) -> None:
    path, _ = coco(tmp_path / "own", 4)
    whole = json.loads(path.read_text())
    whole["annotations"][0] |= edit
    path.write_text(json.dumps(whole))
    words = ("data", "coco", str(path), "--images", str(path.parent / "photos"))
    output = invoke(*words, "--category", "hair", status=1).output
    assert "instances.json" in output
    assert told in output


@pytest.mark.parametrize("name", ["../p000.jpg", "/etc/passwd", "", "a\\b.jpg"])
def test_annotations_lead_nowhere_else(tmp_path: Path, home: Home, name: str) -> None:
    path, _ = coco(tmp_path / "own", 4)
    whole = json.loads(path.read_text())
    whole["images"][0]["file_name"] = name
    path.write_text(json.dumps(whole))
    words = ("data", "coco", str(path), "--images", str(path.parent / "photos"))
    assert "leads elsewhere" in invoke(*words, "--category", "hair", status=1).output


def test_photographs_that_changed_since_they_were_annotated(tmp_path: Path, home: Home) -> None:
    """One of half the size, and one that is turned by EXIF: the errors' own words help."""
    path, expected = coco(tmp_path / "own")
    photos = path.parent / "photos"
    portrait(0)[0].resize((48, 48)).save(photos / "p000.jpg")
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    portrait(1)[0].save(photos / "p001.jpg", exif=exif)
    words = ["data", "coco", str(path), "--images", str(photos), "--category", "hair"]
    for told in ("--resize-masks nearest", "--masks-turned stored"):
        assert told in invoke(*words, status=1).output
        words += told.split()
    invoke(*words)
    dataset = Dataset.open(home, "coco")
    small, turned = (dataset.mask(item) == 1 for item in dataset.record.items[:2])
    assert small.shape == (48, 48)
    assert (turned == np.rot90(expected["p001"], 2)).all()
    assert "; resized by the nearest pixel; masks as stored" in dataset.record.sources["labels"]


@pytest.mark.parametrize("key", ["id", "file_name"])
def test_a_photograph_that_is_listed_twice_is_refused(tmp_path: Path, home: Home, key: str) -> None:
    path, _ = coco(tmp_path / "own", 4)
    whole = json.loads(path.read_text())
    whole["images"][1][key] = whole["images"][0][key]
    path.write_text(json.dumps(whole))
    words = ("data", "coco", str(path), "--images", str(path.parent / "photos"))
    output = invoke(*words, "--category", "hair", status=1).output
    assert f"2 images have the {key}" in output


def test_run_lengths_are_those_of_the_library() -> None:
    library = pytest.importorskip("pycocotools.mask", reason="the extra `coco` is not installed")
    generator = np.random.default_rng(0)
    for share in (0.0, 0.01, 0.5, 1.0):
        mask = generator.random((300, 200)) < share
        packed = library.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        found = as_mask(packed, 300, 200)
        assert found is not None
        assert (found == mask).all()
