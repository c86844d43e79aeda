"""Images and names that are broken, or made to do harm: one clear error, and nothing left over."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from commands import TINY, invoke
from drawn import encoded, portrait, write_portraits
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from train.data.dataset import Dataset
from train.data.labels import LFW
from train.data.meaning import Census, read_labels
from train.data.prepare import read_photograph
from zoo.base.errors import DataError
from zoo.base.pictures import decode
from zoo.home import Home
from zoo.preprocess import open_photograph

PICTURE, MASK = portrait(1)
ALL = ("JPEG", "PNG", "WEBP", "PPM")


def turned(orientation: int) -> Callable[[Path], object]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return lambda path: PICTURE.save(path, exif=exif)


def sixteen_bits(path: Path) -> None:
    """RGB of 16 bits, which PIL itself cannot write."""
    content = b"P6\n96 96\n65535\n" + bytes(96 * 96 * 6)
    path.write_bytes(content)


def two_frames(path: Path) -> None:
    PICTURE.save(path, format="PNG", save_all=True, append_images=[PICTURE.rotate(5)])


def large(side: int) -> Callable[[Path], object]:
    return lambda path: Image.new("1", (side, side)).save(path, format="PNG")


def saved(image: Image.Image, format: str) -> Callable[[Path], object]:
    return lambda path: image.save(path, format=format)


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def gone(path: Path) -> None:
    path.unlink(missing_ok=True)


JPEG, PNG = encoded(PICTURE, "JPEG"), encoded(PICTURE, "PNG")
DEEP = Image.new("I;16", (96, 96), 40_000)
HOSTILE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "truncated": ("images/p001.jpg", written(JPEG[:700]), "truncated"),
    "empty": ("images/p001.jpg", written(b""), "it is empty"),
    "text": ("images/p001.jpg", written(b"<!DOCTYPE html>"), "begins with b'<!DOCTYPE html>'"),
    "corrupt": ("images/p001.png", written(PNG[:60] + b"\xff\0" + PNG[62:]), "cannot be read"),
    "16-bit grey": ("images/p001.jpg", saved(DEEP, "PNG"), "16 bits"),
    "float": ("images/p001.jpg", saved(PICTURE.convert("F"), "PPM"), "16 bits"),
    "turned": ("images/p001.jpg", turned(6), "EXIF orientation 6"),
    "400 megapixels": ("images/p001.jpg", large(20_000), "20000x20000 is too large"),
    "900 megapixels": ("images/p001.jpg", large(30_000), "too large"),
    "animated mask": ("masks/p001.ppm", two_frames, "2 pictures in one file"),
    "1 pixel": ("images/p001.jpg", saved(PICTURE.crop((0, 0, 1, 96)), "PNG"), "only 1x96 pixels"),
    "0 pixels": ("images/p001.jpg", written(b"P6\n0 96\n255\n"), "cannot be read"),
    "mask size": ("masks/p001.ppm", saved(MASK.crop((0, 0, 90, 96)), "PPM"), "the mask is 90x96"),
    "mask colour": ("masks/p001.ppm", saved(PICTURE, "PPM"), "not named"),
    "mask JPEG": ("masks/p001.jpg", saved(MASK, "JPEG"), "has the same name"),
    "mask JPEG inside": ("masks/p001.ppm", saved(MASK, "JPEG"), "smeared"),
    "mask 16-bit": ("masks/p001.ppm", saved(DEEP, "PNG"), "100.0% of the pixels"),
    "mask 16-bit RGB": ("masks/p001.ppm", sixteen_bits, "16 bits"),
    "mask see-through": (
        "masks/p001.ppm",
        saved(Image.new("RGBA", (96, 96), (255, 0, 0, 9)), "PNG"),
        "4% opaque",
    ),
    "mask empty": ("masks/p001.ppm", written(b""), "it is empty"),
    "no mask": ("masks/p001.ppm", gone, "has no mask"),
    "no photograph": ("images/p001.jpg", gone, "has no photograph"),
    "link": ("images/p001.jpg", lambda path: path.symlink_to("/etc/passwd"), "a symbolic link"),
    "pipe": ("images/p001.jpg", os.mkfifo, "a pipe"),
    "mask pipe": ("masks/p001.ppm", os.mkfifo, "a pipe"),
    "folder": ("images/p001.jpg", Path.mkdir, "a folder"),
    "control characters": ("images/a\x1b[31mb.jpg", written(JPEG), r"a\x1b[31mb"),
    "not Unicode": (os.fsdecode(b"images/\xff.jpg"), written(JPEG), r"\udcff"),
    "hidden": ("images/.p.jpg", written(JPEG), "cannot name"),
    "an option": ("images/-rf.jpg", written(JPEG), "cannot name"),
    "reserved": ("images/con.jpg", written(JPEG), "cannot name"),
    "backslash": ("images/a\\b.jpg", written(JPEG), "cannot name"),
    "long": (f"images/{'x' * 240}.jpg", written(JPEG), "cannot name"),
    "case": ("images/P001.jpg", written(JPEG), "differs from it in case only"),
    "two endings": ("images/p001.png", written(PNG), "has the same name"),
}


if sys.platform == "darwin":
    # Its disks hold neither name in the first place.
    del HOSTILE["case"], HOSTILE["not Unicode"]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_folder_is_one_error_and_changes_nothing(
    tmp_path: Path, home: Home, case: str
) -> None:
    folder = write_portraits(tmp_path / "own", 12)
    words = ("data", "folder", str(folder), "--name", "own")
    invoke(*words)
    before = Dataset.open(home, "own").record
    file, make, told = HOSTILE[case]
    path = folder / file
    gone(path)
    if case == "corrupt":
        path.with_name("p001.jpg").unlink()
    make(path)
    for said in (words, ("data", "check", str(folder))):
        output = invoke(*said, status=1).output
        assert told in output
        assert path.stem in output or not path.stem.isprintable()
        assert "\x1b" not in output
    assert Dataset.open(home, "own").record == before
    invoke("data", "folder", str(folder), "--name", "new", status=1)
    left = {path.name for path in home.root.glob("data/*")}
    assert left - {".own.lock", ".new.lock"} == {"own"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (written(JPEG[:700]), "truncated"),
        (written(b""), "it is empty"),
        (large(20_000), "20000x20000 is too large"),
        (saved(DEEP, "PNG"), "16 bits"),
        (os.mkfifo, "a pipe"),
        (Path.mkdir, "a folder"),
    ],
)
def test_predict_refuses_what_is_no_photograph(
    tmp_path: Path, home: Home, make: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "odd\x07.jpg"
    make(path)
    output = invoke("predict", str(path), "-m", TINY, status=1).output
    assert told in output
    assert r"odd\x07.jpg" in output
    assert "\x07" not in output


@pytest.mark.parametrize("mode", ["CMYK", "P", "L", "1", "LA", "RGBA"])
def test_a_look_and_a_data_set_take_the_same(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "photo"
    PICTURE.convert(mode).save(path, format="JPEG" if mode == "CMYK" else "PNG")
    assert open_photograph(path).mode == "RGB"
    assert read_photograph(path.read_bytes(), "photo").size == PICTURE.size


def seeds() -> list[bytes]:
    found = [encoded(PICTURE, format) for format in ALL]
    found += [encoded(MASK, "PNG"), encoded(MASK.convert("P"), "PNG"), encoded(DEEP, "PNG")]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    for format in ("JPEG", "PNG"):
        stream = io.BytesIO()
        PICTURE.save(stream, format=format, exif=exif)
        found.append(stream.getvalue())
    return found


@pytest.mark.soak
@given(st.sampled_from(seeds()), st.data())
@settings(max_examples=int(os.environ.get("BENCH_FUZZ", "60")), deadline=None)
def test_any_bytes_are_an_image_or_a_data_error(seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    # Half of the changes fall into the headers, where each byte matters.
    end = data.draw(st.sampled_from([64, 700, len(content)]))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, min(end, len(content)) - 1))
        content[place] = data.draw(st.integers(0, 255))
    kept = data.draw(st.sampled_from([len(content), len(content) // 2, 100]))
    broken = bytes(content[:kept])
    for read in (
        lambda: decode(broken, "photo", ALL),
        lambda: read_photograph(broken, "photo"),
        lambda: read_labels(broken, "mask", LFW, Census(LFW)),
    ):
        with suppress(DataError), warnings.catch_warnings():
            warnings.simplefilter("error")
            read()
