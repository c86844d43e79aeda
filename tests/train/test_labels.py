"""No pixel of a mask becomes background in silence, and a label means the same however a file
stores it."""

from __future__ import annotations

import io
import re
import shlex
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from drawn import encoded, portrait, write_portraits
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from train.data.dataset import Dataset
from train.data.labels import LFW, Labelling
from train.data.meaning import Census, read_labels
from zoo.base.errors import DataError
from zoo.home import Home

UInt8 = NDArray[np.uint8]
SIDE = 64
# Of each pixel: 0 nothing, 1 hair, 2 face.
CLASSES = np.zeros((SIDE, SIDE), dtype=np.uint8)
CLASSES[8:40, 10:50] = 1
CLASSES[24:56, 20:40] = 2
# Levels that 2, 4, 8 and 16 bits can all store.
LEVELS = np.array([0, 255, 85], dtype=np.uint8)[CLASSES]


def read(mask: bytes, **options: object) -> UInt8:
    words = {name: [str(value)] for name, value in options.items() if name != "soft"}
    labelling = Labelling.parse(**words, soft=bool(options.get("soft")))  # type: ignore[arg-type]
    return read_labels(mask, "mask", labelling, Census(labelling))


def paletted(values: UInt8, colours: list[tuple[int, int, int]]) -> Image.Image:
    image = Image.fromarray(values).convert("P")
    image.putpalette([channel for colour in colours for channel in colour])
    return image


def two_bits(values: UInt8) -> bytes:
    """A grey PNG of 2 bits, which PIL reads and cannot write."""
    rows = values.reshape(SIDE, SIDE // 4, 4) @ np.array([64, 16, 4, 1])
    packed = np.hstack([np.zeros((SIDE, 1)), rows]).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 2, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def pgm(values: NDArray[np.generic], largest: int) -> bytes:
    kind = np.uint8 if largest < 256 else ">u2"
    return b"P5 %d %d %d\n" % (SIDE, SIDE, largest) + values.astype(kind).tobytes()


def opaque(image: Image.Image, mode: str) -> bytes:
    image = image.convert(mode)
    image.putalpha(255)
    return encoded(image, "PNG")


GREY = Image.fromarray(LEVELS)
DEEP = LEVELS.astype(np.uint16) * 257
STORED_LEVELS: dict[str, bytes] = {
    "8-bit PNG": encoded(GREY, "PNG"),
    "16-bit PNG": encoded(Image.fromarray(DEEP), "PNG"),
    "2-bit PNG": two_bits(LEVELS // 85),
    "palette in another order": encoded(
        paletted(np.array([2, 0, 1], np.uint8)[CLASSES], [(255,) * 3, (85,) * 3, (0,) * 3]), "PNG"
    ),
    "RGB": encoded(GREY.convert("RGB"), "PNG"),
    "opaque RGBA": opaque(GREY, "RGB"),
    "opaque grey with alpha": opaque(GREY, "L"),
    "BMP": encoded(GREY, "BMP"),
    "GIF": encoded(GREY, "GIF"),
    "TIFF": encoded(GREY, "TIFF"),
    "16-bit TIFF": encoded(Image.fromarray(DEEP), "TIFF"),
    "PGM": pgm(LEVELS, 255),
    "PGM of 3 levels": pgm(LEVELS // 85, 3),
    "PGM of 16 bits": pgm(DEEP, 65535),
}


@pytest.mark.parametrize("stored", STORED_LEVELS)
@pytest.mark.parametrize(("hair", "face"), [("255", "85"), ("white", "#555555")])
def test_a_level_is_the_same_however_it_is_stored(stored: str, hair: str, face: str) -> None:
    assert (read(STORED_LEVELS[stored], hair=hair, face=face) == CLASSES).all()


RGB_IDS = Image.fromarray(np.stack([CLASSES] * 3, axis=2))
STORED_IDS: dict[str, bytes] = {
    "8-bit PNG": encoded(Image.fromarray(CLASSES), "PNG"),
    "16-bit PNG": encoded(Image.fromarray(CLASSES.astype(np.uint16)), "PNG"),
    "2-bit PNG": two_bits(CLASSES),
    "palette of colours": encoded(paletted(CLASSES, [(0, 0, 0), (128, 0, 0), (0, 128, 0)]), "PNG"),
    "palette of white and grey": encoded(
        paletted(CLASSES, [(0, 0, 0), (255,) * 3, (128,) * 3]), "PNG"
    ),
    "RGB": encoded(RGB_IDS, "PNG"),
    "opaque RGBA": opaque(RGB_IDS, "RGB"),
    "BMP": encoded(Image.fromarray(CLASSES), "BMP"),
    "GIF": encoded(paletted(CLASSES, [(0, 0, 0), (255, 0, 0), (0, 255, 0)]), "GIF"),
    "TIFF": encoded(Image.fromarray(CLASSES), "TIFF"),
    "16-bit TIFF": encoded(Image.fromarray(CLASSES.astype(np.uint16)), "TIFF"),
    "32-bit TIFF": encoded(Image.fromarray(CLASSES.astype(np.int32)), "TIFF"),
    "TIFF of floats": encoded(Image.fromarray(CLASSES.astype(np.float32)), "TIFF"),
    "PGM": pgm(CLASSES, 255),
    "PGM of 3 levels": pgm(CLASSES, 2),
    "PGM of 16 bits": pgm(CLASSES, 65535),
    "PGM of 10 bits": pgm(CLASSES, 1023),
}


@pytest.mark.parametrize("stored", STORED_IDS)
def test_a_number_is_the_same_however_it_is_stored(stored: str) -> None:
    assert (read(STORED_IDS[stored], hair=1, face=2) == CLASSES).all()


def test_numbers_over_255() -> None:
    many = np.array([0, 1000, 999], dtype=np.uint16)[CLASSES]
    assert (read(encoded(Image.fromarray(many), "PNG"), hair=1000, face=999) == CLASSES).all()
    found = read(encoded(Image.fromarray(many), "PNG"), hair=1000, background="0-999")
    assert (found == (CLASSES == 1)).all()


def test_a_number_that_makes_sense_twice_is_asked_for() -> None:
    # An optimiser put the levels 1 and 2 of a grey mask into a palette in the other order.
    swapped = np.array([0, 2, 1], dtype=np.uint8)[CLASSES]
    mask = encoded(paletted(swapped, [(0,) * 3, (2,) * 3, (1,) * 3]), "PNG")
    with pytest.raises(DataError, match="not the same pixels") as refused:
        read(mask, hair=1, face=2)
    stored, shown = (remedied(way, "--hair 1 --face 2") for way in refused.value.remedy.split(";"))
    assert (read_labels(mask, "mask", shown, Census(shown)) == CLASSES).all()
    assert (read_labels(mask, "mask", stored, Census(stored)) == swapped).all()
    # All black to a viewer, with sound indices.
    black = encoded(paletted(CLASSES, [(0,) * 3] * 3), "PNG")
    with pytest.raises(DataError, match="not the same pixels"):
        read(black, hair=1, face=2)
    found = read(black, hair="index:1", face="index:2")
    assert (found == CLASSES).all()


def test_bits_of_a_pbm_are_black_and_white() -> None:
    hair = Image.fromarray(CLASSES == 1)
    for way, mask in (("white", encoded(hair, "PPM")), ("1", encoded(hair, "PNG"))):
        assert (read(mask, hair=way) == (CLASSES == 1)).all()
    # In the file 1 is black; nobody means that.
    with pytest.raises(DataError, match=r"not named: 255 \("):
        read(encoded(hair, "PPM"), hair=1)


def test_transparency_is_a_value() -> None:
    cut_out = Image.new("RGBA", (SIDE, SIDE))
    cut_out.putalpha(Image.fromarray((CLASSES == 1).astype(np.uint8) * 255))
    mask = encoded(cut_out, "PNG")
    found = read(mask, hair="black", background="transparent")
    assert (found == (CLASSES == 1)).all()
    with pytest.raises(DataError, match=r"not named: transparent \(") as refused:
        read(mask, hair="black")
    assert "--background transparent" in refused.value.remedy


def test_what_is_not_labelled_is_neither_hair_nor_background() -> None:
    mask = encoded(Image.fromarray(np.where(CLASSES == 2, 255, CLASSES).astype(np.uint8)), "PNG")
    found = read(mask, hair=1, ignore=255)
    assert (found == np.where(CLASSES == 2, 255, CLASSES)).all()


def disc(edge: float) -> tuple[UInt8, NDArray[np.bool_]]:
    """A white disc whose edge falls off over so many pixels, and where it is over the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    distance = np.hypot(x, y) - SIDE * 0.37
    levels = np.clip(0.5 - distance / edge, 0, 1) * 255
    return levels.round().astype(np.uint8), levels.round() > 127


def jpeg(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=75)
    return Image.open(stream)


def smoothed(image: Image.Image) -> Image.Image:
    return image.resize((SIDE * 2, SIDE * 2)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)


SOFT, HARD = disc(12)
CRISP = Image.fromarray(HARD.astype(np.uint8) * 255)
SOFTENED: dict[str, tuple[Image.Image, str]] = {
    "soft brush": (Image.fromarray(SOFT), "PNG"),
    "resized": (smoothed(CRISP), "PNG"),
    "JPEG, then PNG": (jpeg(CRISP), "PNG"),
    "blurred colours": (CRISP.convert("RGB").filter(ImageFilter.GaussianBlur(1)), "PNG"),
    "16 bits": (Image.fromarray(SOFT.astype(np.uint16) * 257), "PNG"),
    "JPEG": (CRISP, "JPEG"),
}


@pytest.mark.parametrize("how", SOFTENED)
def test_soft_masks_are_refused_until_they_are_called_soft(
    tmp_path: Path, home: Home, how: str
) -> None:
    image, format = SOFTENED[how]
    ending = "jpg" if format == "JPEG" else "png"
    folder = write_portraits(tmp_path / "own", 8, side=SIDE)
    for path in list((folder / "masks").iterdir()):
        path.unlink()
        image.save(path.with_suffix(f".{ending}"), format=format)
    words = ("data", "folder", str(folder), "--name", "own", "--hair", "255")
    for command in (words, ("data", "check", str(folder), "--hair", "255")):
        output = invoke(*command, status=1).output
        assert "--soft" in output
        if format == "PNG":
            assert re.search(r"have a value that is not named: \d+", output)
    invoke(*words, "--soft")
    dataset = Dataset.open(home, "own")
    found = dataset.mask(dataset.record.items[0]) == 1
    assert (found ^ HARD).mean() < 0.01
    assert dataset.record.sources["labels"] == "hair 255, background 0; soft, threshold 127.5"


def test_colours_that_went_through_jpeg_belong_to_the_nearest() -> None:
    drawn = portrait(3)[1]
    exact = read_labels(encoded(drawn, "PNG"), "mask", LFW, Census(LFW))
    soft = Labelling.parse(soft=True)
    for mask in (encoded(jpeg(drawn), "PNG"), encoded(drawn, "JPEG")):
        found = read_labels(mask, "mask", soft, Census(soft))
        assert (found != exact).mean() < 0.02


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"hair": 255, "face": 128}, "face 128 lies between hair 255 and background 0"),
        ({"hair": "white", "ignore": "#888888"}, "ignore 136,136,136 lies between"),
    ],
)
def test_nothing_named_may_lie_on_an_edge(words: dict[str, object], told: str) -> None:
    with pytest.raises(DataError) as refused:
        read(STORED_LEVELS["RGB"], soft=True, **words)
    assert told in str(refused.value).replace(
        "background 0 and hair 255", "hair 255 and background 0"
    )


def test_a_colour_of_its_own_is_no_soft_edge() -> None:
    odd = np.stack([SOFT] * 3, axis=2)
    odd[:8, :8] = (255, 0, 0)
    with pytest.raises(DataError, match=r"1\.6% of the pixels .*: 255,0,0 \(1\.6%\)"):
        read(encoded(Image.fromarray(odd), "PNG"), hair="white", soft=True)


def remedied(remedy: str, words: str) -> Labelling:
    """What the options that a remedy names say, put in place of, or beside, those of a command."""
    options: dict[str, list[str]] = {}
    found = re.findall(r"--(hair|face|background|ignore|soft)(?: ([\w:,-]*\w))?", remedy)
    typed = re.findall(r"--(\w+) (\S+)", words)
    named = {name for name, _ in found}
    for name, value in [*found, *((n, v) for n, v in typed if n not in named)]:
        options.setdefault(name, []).append(value)
    soft = bool(options.pop("soft", None))
    return Labelling.parse(**options, soft=soft)  # type: ignore[arg-type]


def test_the_options_that_an_error_names_give_the_right_labels() -> None:
    three = encoded(Image.fromarray(np.array([0, 200, 90], np.uint8)[CLASSES]), "PNG")
    with pytest.raises(DataError, match=r"15\.6% .*: 90 \(15\.6%\)") as refused:
        read(three, hair=200)
    way = remedied(refused.value.remedy.partition(";")[0], "--hair 200")
    assert (read_labels(three, "mask", way, Census(way)) == (CLASSES == 1)).all()
    with pytest.raises(DataError) as refused:
        read(encoded(Image.fromarray(SOFT), "PNG"), hair=255)
    way = remedied(refused.value.remedy.rpartition(";")[2].partition(",")[0], "--hair 255")
    found = read_labels(encoded(Image.fromarray(SOFT), "PNG"), "mask", way, Census(way))
    assert ((found == 1) == HARD).all()


def test_options_are_typed_as_they_are_read() -> None:
    for words in (
        {"hair": ["17"], "background": ["0-3", "index:9"], "ignore": ["255"], "soft": False},
        {"hair": ["red", "1,2,3"], "face": ["transparent"], "soft": True},
        {"ignore": ["black"], "soft": True},
    ):
        labelling = Labelling.parse(**words)  # type: ignore[arg-type]
        again: dict[str, list[str]] = {}
        typed = shlex.split(labelling.options)
        for place, word in enumerate(typed):
            if word.startswith("--") and word != "--soft":
                again.setdefault(word[2:], []).append(typed[place + 1])
        assert Labelling.parse(**again, soft="--soft" in typed) == labelling  # type: ignore[arg-type]


def test_a_mask_of_one_value_is_all_of_that(tmp_path: Path) -> None:
    makers: dict[str, Callable[[], Image.Image]] = {
        "L": lambda: Image.new("L", (SIDE, SIDE), 255),
        "RGB": lambda: Image.new("RGB", (SIDE, SIDE), (255, 255, 255)),
        "1": lambda: Image.new("1", (SIDE, SIDE), 1),
    }
    for make in makers.values():
        assert (read(encoded(make(), "PNG"), hair="white") == 1).all()
