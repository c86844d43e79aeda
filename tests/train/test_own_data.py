"""A folder of one's own: what its masks may look like, and what `bench data check` tells of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from drawn import FACE, HAIR, portrait, write_portraits
from PIL import Image

from train.data.dataset import Dataset
from zoo.home import Home

GREY = {HAIR: 255, FACE: 128}


def drawn_as(mask: Image.Image, mode: str) -> Image.Image:
    """The LFW-coloured mask as a tool of another habit writes it."""
    colours = np.asarray(mask)
    values = np.zeros(colours.shape[:2], dtype=np.uint8)
    for number, colour in enumerate((HAIR, FACE), start=1):
        values[(colours == colour).all(axis=2)] = GREY[colour] if mode == "L" else number
    if mode == "1":
        return Image.fromarray((values == 1).astype(np.uint8) * 255).convert("1")
    image = Image.fromarray(values)
    if mode == "P":
        image = image.convert("P")
        image.putpalette([0, 0, 0, 255, 255, 255, 200, 100, 50])
    return image.convert("RGB") if mode == "RGB of P" else image


def write_own(folder: Path, mode: str, count: int = 20) -> Path:
    """Portraits with PNG masks of a mode; 'white on black' is RGB."""
    write_portraits(folder, count)
    for path in sorted((folder / "masks").iterdir()):
        with Image.open(path) as mask:
            image = drawn_as(mask, "P" if mode == "RGB" else mode)
        path.unlink()
        image = image.convert("RGB") if mode == "RGB" else image
        image.save(folder / "masks" / f"{path.name.removesuffix('.ppm')}.png")
    return folder


@pytest.mark.parametrize(
    ("mode", "hair", "others"),
    [
        ("RGB", "white", "--face=200,100,50"),
        ("RGB", "#ffffff", "--background=200,100,50 --background=black"),
        ("P", "1", "--face=2"),
        ("P", "#fff", "--face=#c86432"),
        ("L", "255", "--face=128"),
        ("L", "255,255,255", "--face=128,128,128"),
        ("1", "1", ""),
        ("1", "White", ""),
    ],
)
def test_hair_is_what_one_says(
    tmp_path: Path, home: Home, mode: str, hair: str, others: str
) -> None:
    folder = write_own(tmp_path / "own", mode)
    words = ["--hair", hair, *others.split()]
    invoke("data", "folder", str(folder), "--name", "own", *words)
    dataset = Dataset.open(home, "own")
    expected = np.asarray(portrait(0)[1])
    indices = dataset.mask(dataset.record.items[0])
    assert ((indices == 1) == (expected == HAIR).all(axis=2)).all()
    assert ((indices == 2) == ((expected == FACE).all(axis=2) & ("--face" in others))).all()
    assert "hair" in dataset.record.sources["labels"]
    assert "20 pairs good, 0 problems" in invoke("data", "check", str(folder), *words).output


def test_another_meaning_is_another_data_set(tmp_path: Path, home: Home) -> None:
    folder = write_own(tmp_path / "own", "P")
    hashes = set()
    for hair, other in (("1", "2"), ("2", "1")):
        words = ("--hair", hair, "--background", "0", "--background", other)
        invoke("data", "folder", str(folder), "--name", "own", *words)
        hashes.add(Dataset.open(home, "own").record.sha256)
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("mode", "hair", "told"),
    [
        ("RGB", "red", "of the pixels have a value that is not named: 200,100,50 ("),
        ("L", "7", "of the pixels have a value that is not named: 128 ("),
        ("RGB", "1", "of the pixels have a value that is not named: 200,100,50 ("),
        ("RGB", "reddish", "neither a colour nor a number"),
        ("RGB", "65536", "neither a colour nor a number"),
        ("RGB", "9-3", "neither a colour nor a number"),
        ("RGB", "256,0,0", "neither a colour nor a number"),
        ("RGB", "#ff000080", "neither a colour nor a number"),
        ("RGB", "٣", "neither a colour nor a number"),
    ],
)
def test_a_mistyped_colour_is_told(
    tmp_path: Path, home: Home, mode: str, hair: str, told: str
) -> None:
    folder = str(write_own(tmp_path / "own", mode))
    assert (
        told in invoke("data", "folder", folder, "--name", "own", "--hair", hair, status=1).output
    )
    assert (
        told.removeprefix("--") in invoke("data", "check", folder, "--hair", hair, status=1).output
    )
    assert list(home.root.glob("data/[!.]*")) == []


def test_a_label_that_no_mask_holds_was_mistyped(tmp_path: Path, home: Home) -> None:
    folder = str(write_own(tmp_path / "own", "L"))
    words = ("--hair", "255", "--face", "7", "--background", "0", "--background", "128")
    for command in (("data", "folder", folder, "--name", "own"), ("data", "check", folder)):
        output = invoke(*command, *words, status=1).output
        assert "no mask has a pixel of face 7; seen most: 0 (" in output


@pytest.mark.parametrize(
    "words", [("--face", "red"), ("--background", "0"), ("--hair", "1", "--face", "1")]
)
def test_a_face_goes_with_hair_and_is_no_hair(home: Home, words: tuple[str, ...]) -> None:
    assert words[-2] in invoke("data", "check", str(home.root), *words, status=1).output


def test_check_lists_everything_at_once(tmp_path: Path) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    images, masks = folder / "images", folder / "masks"
    (images / "p000.jpg").write_bytes(b"")
    (masks / "p000.ppm").write_bytes(b"P6 what")
    (masks / "p001.ppm").unlink()
    (images / "p002.jpg").unlink()
    portrait(3)[1].save(masks / "p003.png")
    (images / "p004.jpg").write_bytes((images / "p005.jpg").read_bytes())
    Image.new("RGB", (96, 96), (0, 0, 255)).save(masks / "p006.ppm")
    (images / "p001.txt").touch()
    (folder / "notes.txt").touch()
    before = sorted(folder.rglob("*"))
    shown = json.loads(invoke("data", "check", str(folder), "--json", status=1).output)
    assert {problem["file"] for problem in shown["problems"]} == {
        "images/p000.jpg",
        "masks/p000.ppm",
        "images/p001.jpg",
        "masks/p002.ppm",
        "masks/p003.ppm",
    }
    assert {warning["file"] for warning in shown["warnings"]} == {
        "images/p005.jpg",
        "masks/p006.ppm",
        "images/p001.txt",
        "notes.txt",
    }
    assert all(finding["remedy"] for finding in shown["problems"] + shown["warnings"])
    assert shown["good"] == 9
    table = invoke("data", "check", str(folder), status=1).output
    assert table.endswith("9 pairs good, 5 problems\n")
    assert "photographs of 96x96; 11.1% of the masks without hair" in table
    assert sorted(folder.rglob("*")) == before


def test_the_error_of_preparing_leads_to_the_list(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    (folder / "masks" / "p002.ppm").unlink()
    words = ("data", "folder", str(folder), "--name", "own")
    output = invoke(*words, status=1).output
    assert "p002.jpg: has no mask of its name" in output
    assert f"bench data check {folder} lists" in output


def test_what_is_no_data_set_is_never_replaced(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(home.dataset("own"), 12)
    (home.dataset("synthetic")).mkdir()
    (home.dataset("synthetic") / "notes.txt").touch()
    before = sorted(path for path in home.root.rglob("*") if path.is_file())
    words = ("data", "folder", str(folder), "--name")
    for refused in ((*words, "own"), ("data", "synthetic")):
        assert f"mv {home.dataset(refused[-1])} " in invoke(*refused, status=1).output
    assert set(before) <= set(home.root.rglob("*"))
    invoke(*words, "other")
    invoke(*words, "other")
    prepared = str(home.dataset("other"))
    again = ("--hair", "index:1", "--background", "index:0", "--face", "index:2")
    output = invoke("data", "folder", prepared, "--name", "other", *again, status=1).output
    assert "would be replaced" in output
    assert "12 pairs good, 0 problems" in invoke("data", "check", prepared).output


def test_a_prepared_data_set_is_held_to_its_record(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    invoke("data", "folder", str(folder), "--name", "own")
    prepared = home.root / "data" / "own"
    assert "12 pairs good, 0 problems" in invoke("data", "check", str(prepared)).output
    portrait(99)[0].save(prepared / "images" / "p001.jpg")
    (prepared / "masks" / "p002.png").unlink()
    (prepared / "masks" / "more.png").touch()
    output = invoke("data", "check", str(prepared), status=1).output
    assert "masks/p001.png" in output
    assert "changed since it was prepared" in output
    assert "does not exist" in output
    assert "more.png" in output
    assert output.endswith("10 pairs good, 2 problems\n")
