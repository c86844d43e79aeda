"""What `bench predict` takes, and what it writes where."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, Chain, invoke
from drawn import portrait
from PIL import Image

WORDS = ("predict", "--model", TINY)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Higher than wide, and stored lying, as phones do."""
    turned = Image.Exif()
    turned[0x0112] = 6
    image = portrait(3, side=200)[0].resize((160, 200)).transpose(Image.Transpose.ROTATE_90)
    image.save(tmp_path / "photo.jpg", exif=turned, quality=95)
    return tmp_path / "photo.jpg"


def test_the_ending_decides_the_format_or_is_refused(in_chain: Chain, photograph: Path) -> None:
    folder = photograph.parent
    formats = {"a.png": "PNG", "a.JPG": "JPEG", "a.jpeg": "JPEG", "a.webp": "WEBP", "a.tif": "TIFF"}
    for name, format in {**formats, "a.bmp": "BMP"}.items():
        invoke(*WORDS, str(photograph), "--output", str(folder / name))
        with Image.open(folder / name) as written:
            assert (written.format, written.size) == (format, (160, 200))
    for name in ("b.gif", "b.jpg.txt", "b"):
        refused = invoke(*WORDS, str(photograph), "--output", str(folder / name), status=1).output
        assert f"--output {(folder / name).with_suffix('.png')}" in refused
        assert not (folder / name).exists()


def test_other_pictures_keep_to_their_endings(in_chain: Chain, tmp_path: Path) -> None:
    """All that is drawn by `show`, `explain` and `profile` is PNG."""
    for words in (
        ("show", "last", "--plot"),
        ("show", "last", "--pass"),
        ("explain", "a.onnx", "--plot"),
        ("profile", "a.tflite", "--plot"),
        ("data", "sheet", "drawn", "--output"),
    ):
        output = invoke(*words, str(tmp_path / "x.txt"), status=2).output
        assert "the name of this picture ends in" in output
        assert ".png" in output


def test_the_mask_is_black_and_white_and_as_large_as_the_photograph(
    in_chain: Chain, photograph: Path
) -> None:
    tinted = photograph.with_name("tinted.png")
    told = invoke(*WORDS, str(photograph), "--mask", "--output", str(tinted)).output
    written = photograph.with_name("tinted.mask.png")
    assert str(written) in told
    with Image.open(written) as mask:
        assert (mask.mode, mask.size) == ("L", (160, 200))
        hair = np.asarray(mask)
    assert set(np.unique(hair)) == {0, 255}
    assert f"{(hair == 255).mean():.1%} of the picture is hair" in told
    upright = np.asarray(Image.open(photograph).transpose(Image.Transpose.ROTATE_270))
    changed = (np.asarray(Image.open(tinted)) != upright).any(axis=2)
    assert np.mean(changed == (hair == 255)) > 0.99
    # One that stands there is not replaced, and then nothing is.
    tinted.unlink()
    invoke(*WORDS, str(photograph), "--mask", "--output", str(tinted), status=1)
    assert not tinted.exists()


def test_several_photographs_and_folders(in_chain: Chain, photograph: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.jpg", "b.JPG", ".hidden.jpg"):
        shutil.copy(photograph, folder / name)
    (folder / "notes.txt").write_text("no picture")
    written = {f"{name}.{TINY}.png" for name in ("a.jpg", "b.JPG")}
    # What it made is no photograph the second time, and one named twice is one.
    for _ in range(2):
        invoke(*WORDS, str(folder), str(folder / "a.jpg"), "--force", "--mask")
        made = {path.name for path in folder.glob(f"*.{TINY}.png")}
        assert made == written
        assert len(list(folder.glob("*.mask.png"))) == 2
    (folder / "broken.png").write_bytes(b"x")
    told = invoke(*WORDS, str(folder), str(photograph), "--output", str(out), status=3).output
    assert "left out: " in told
    assert "broken.png" in told
    assert {path.name for path in out.iterdir()} == {*written, f"photo.jpg.{TINY}.png"}
    assert "no photographs lie" in invoke(*WORDS, str(folder / "deeper"), status=1).output


def test_no_photograph_is_replaced_and_no_picture_twice(
    in_chain: Chain, photograph: Path, tmp_path: Path
) -> None:
    before = photograph.read_bytes()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for odd in (tmp_path / "circle", tmp_path / ("n" * 300)):
        assert "Error: " in invoke(*WORDS, str(odd), status=1).output
    kept = invoke(*WORDS, str(photograph), "--output", str(photograph), "--force", status=1).output
    assert "is a photograph, and would be replaced" in kept
    assert photograph.read_bytes() == before
    other = tmp_path / "other" / photograph.name
    other.parent.mkdir()
    shutil.copy(photograph, other)
    both = (str(photograph), str(other))
    one = invoke(*WORDS, *both, "--output", str(tmp_path / "x.png"), status=1).output
    assert "is one file, for several photographs" in one
    (tmp_path / "out").mkdir()
    twice = invoke(*WORDS, *both, "--output", str(tmp_path / "out"), status=1).output
    assert "would be made of two photographs" in twice
    assert not list((tmp_path / "out").iterdir())
