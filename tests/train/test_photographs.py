"""Photographs as phones and programs write them: read by `bench data` and `bench predict` alike."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import TINY, Chain, invoke
from drawn import portrait, write_portraits
from PIL import Image

from train.data.dataset import Dataset
from train.data.labels import LFW
from train.data.meaning import Census, read_labels
from train.data.prepare import read_photograph
from zoo.base.errors import DataError
from zoo.base.pictures import decode
from zoo.home import Home
from zoo.preprocess import open_photograph

PICTURE, MASK = portrait(0)
Save = Callable[[Image.Image, Path], object]


def with_a_second_picture(image: Image.Image, path: Path) -> None:
    """As phones store a depth or gain map."""
    image.save(
        path, format="MPO", save_all=True, append_images=[image.convert("L").resize((48, 48))]
    )


def heic(image: Image.Image, path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
    pillow_heif.from_pillow(image).save(path, quality=90)


def sixteen_bits(image: Image.Image, path: Path) -> None:
    values = np.asarray(image).astype(">u2") * 257
    path.write_bytes(b"P6 %d %d 65535\n" % image.size + values.tobytes())


FORMATS: dict[str, tuple[str, Save]] = {
    "JPEG": ("jpg", lambda image, path: image.save(path)),
    "JPEG with a second picture": ("jpg", with_a_second_picture),
    "JPEG of CMYK": ("jpeg", lambda image, path: image.convert("CMYK").save(path)),
    "grey JPEG": ("jpg", lambda image, path: image.convert("L").save(path)),
    "PNG": ("png", lambda image, path: image.save(path)),
    "PNG with alpha": ("png", lambda image, path: image.convert("RGBA").save(path)),
    "PNG with a palette": ("PNG", lambda image, path: image.quantize(64).save(path)),
    "WebP": ("webp", lambda image, path: image.save(path)),
    "AVIF": ("avif", lambda image, path: image.save(path)),
    "TIFF": ("tif", lambda image, path: image.save(path)),
    "BMP": ("bmp", lambda image, path: image.save(path)),
    "GIF": ("gif", lambda image, path: image.save(path)),
    "moving GIF": (
        "gif",
        lambda image, path: image.save(path, save_all=True, append_images=[image.rotate(9)]),
    ),
    "PPM of 16 bits": ("ppm", sixteen_bits),
    "HEIC": ("heic", heic),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_data_and_predict_take_the_same(
    tmp_path: Path, in_chain: Chain, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ending, save = FORMATS[kind]
    folder = write_portraits(tmp_path / "own", 12)
    (folder / "images" / "p000.jpg").unlink()
    path = folder / "images" / f"p000.{ending}"
    save(PICTURE, path)
    target = tmp_path / "tinted.png"
    assert "% of the picture is hair" in (
        invoke("predict", str(path), "-m", TINY, "--output", str(target)).output
    )
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    assert "12 pairs good, 0 problems" in invoke("data", "check", str(folder)).output
    invoke("data", "folder", str(folder), "--name", "own")
    dataset = Dataset.open(Home(root=tmp_path), "own")
    item = dataset.record.items[0]
    upright = dataset.photograph(item)
    assert (np.asarray(upright) == np.asarray(open_photograph(path))).all()
    assert (item.width, item.height) == upright.size == PICTURE.size
    like = PICTURE.convert("L" if kind == "grey JPEG" else "RGB").convert("RGB")
    assert np.abs(np.asarray(upright).astype(int) - np.asarray(like)).mean() < 12
    assert "12 pairs good" in invoke("data", "check", str(dataset.folder)).output


def test_heic_without_the_extra_is_to_be_converted(tmp_path: Path) -> None:
    photo = tmp_path / "IMG_0001.HEIC"
    heic(PICTURE, photo)
    (tmp_path / "pillow_heif.py").write_text(
        "raise ModuleNotFoundError('not installed', name='pillow_heif')\n"
    )
    done = subprocess.run(
        [Path(sys.executable).parent / "bench", "predict", photo, "-m", TINY],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "IMG_0001.HEIC: a HEIC photograph" in done.stderr
    assert "mobile-segmentation-zoo[heic]', or convert it to JPEG" in done.stderr
    assert "whole file" not in done.stderr


@pytest.mark.parametrize(
    ("size", "decoded"),
    [((8160, 6144), (8160, 6144)), ((12000, 9000), (6000, 4500))],
)
def test_sizes_of_phones_are_read(
    tmp_path: Path, size: tuple[int, int], decoded: tuple[int, int]
) -> None:
    path = tmp_path / "large.jpg"
    Image.new("L", size, 90).save(path)
    image = decode(path.read_bytes(), "large", ("JPEG", "WEBP")).image
    assert image.size == decoded
    assert read_photograph(path.read_bytes(), "large").size == size


def turned_portraits(folder: Path, size: tuple[int, int], orientation: int, stored: bool) -> Path:
    """Portraits whose pixels lie as a phone's sensor lay; masks as viewers show them, or so too."""
    write_portraits(folder, 12)
    back = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for path in (folder / "images").iterdir():
        mask_path = folder / "masks" / f"{path.stem}.ppm"
        image, mask = Image.open(path).resize(size), Image.open(mask_path).resize(size, 0)
        image.transpose(back).save(path, exif=exif)
        (mask.transpose(back) if stored else mask).save(mask_path)
    return folder


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("size", "orientation"), [((72, 96), 6), ((96, 96), 6), ((72, 96), 3)])
def test_a_mask_lies_on_its_turned_photograph(
    tmp_path: Path, home: Home, size: tuple[int, int], orientation: int, stored: bool
) -> None:
    folder = turned_portraits(tmp_path / "own", size, orientation, stored)
    words = ["data", "folder", str(folder), "--name", "own"]
    if size[0] == size[1] or orientation == 3:
        output = invoke(*words, status=1).output
        way = "stored" if stored else "upright"
        assert f"--masks-turned {way}" in output
        words += ["--masks-turned", way]
    invoke(*words)
    dataset = Dataset.open(home, "own")
    expected = np.asarray(MASK.resize(size, 0))
    indices = dataset.mask(dataset.record.items[0])
    assert ((indices == 1) == (expected == (255, 0, 0)).all(axis=2)).all()
    assert dataset.photograph(dataset.record.items[0]).size == size


def test_litter_is_passed_over(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    for side in (folder, folder / "images", folder / "masks"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._p001.jpg", "._p001.ppm"):
            (side / name).write_bytes(b"\0\5\x16\7")
        (side / "__MACOSX").mkdir()
    output = invoke("data", "check", str(folder)).output
    assert "12 pairs good, 0 problems" in output
    assert "passed over" not in output
    invoke("data", "folder", str(folder), "--name", "own")
    (home.dataset("own") / "masks" / ".DS_Store").touch()
    assert "passed over" not in invoke("data", "check", str(home.dataset("own"))).output


def done_as_told(error: DataError, path: Path) -> Path:
    """What is made by the line of Python that an error tells to run."""
    new = path.with_name("new.png")
    line = error.remedy.replace("FILE", str(path)).replace("NEW.png", str(new))
    assert line.startswith("python -c ")
    line = line.replace("python", sys.executable, 1)
    subprocess.run(["/bin/sh", "-c", line], check=True, cwd=path.parent)
    return new


def refused(path: Path, mask: bool = False) -> DataError:
    def read(encoded: bytes) -> object:
        if mask:
            return read_labels(encoded, str(path), LFW, Census(LFW))
        return read_photograph(encoded, str(path))

    with pytest.raises(DataError) as error:
        read(path.read_bytes())
    return error.value


def test_what_an_error_tells_to_run_mends_the_file(tmp_path: Path) -> None:
    grey = tmp_path / "deep.png"
    Image.fromarray(np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257).save(grey)
    mended = open_photograph(done_as_told(refused(grey), grey))
    assert (
        np.abs(np.asarray(mended)[..., 0].astype(int) - np.asarray(PICTURE.convert("L"))).max() < 2
    )

    moving = tmp_path / "moving.png"
    MASK.save(moving, save_all=True, append_images=[MASK.rotate(5)])
    mended_mask = done_as_told(refused(moving, mask=True), moving).read_bytes()
    whole = read_labels(mended_mask, "mask", LFW, Census(LFW))
    assert ((whole == 1) == (np.asarray(MASK) == (255, 0, 0)).all(axis=2)).all()


@pytest.mark.parametrize("mask", [False, True])
def test_what_is_too_large_is_shrunk_as_told(tmp_path: Path, mask: bool) -> None:
    large = tmp_path / "large.png"
    picture = Image.new("P", (20000, 10100), 2)
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    picture.paste(1, (0, 0, 10000, 10100))
    picture.save(large, compress_level=1)
    error = refused(large, mask)
    assert "20000x10100 is too large" in error.seen
    small = done_as_told(error, large)
    if mask:
        labels = read_labels(small.read_bytes(), "mask", LFW, Census(LFW))
        assert set(np.unique(labels)) == {0, 1}
        assert (labels == 1).mean() == pytest.approx(0.5, abs=0.01)
    else:
        assert read_photograph(small.read_bytes(), "photo").size == (9950, 5025)
    shutil.rmtree(tmp_path, ignore_errors=True)
