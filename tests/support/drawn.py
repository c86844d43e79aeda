"""Drawn portraits: people who never were, in the parent project's layout."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Bits = NDArray[np.bool_]
HAIR, FACE, BACKGROUND = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NAMES = ["Ann_Lee_0001", "Ann_Lee_0002", "Bo_Ek_0001", "Cy_Orr_0003"]


def portrait(seed: int, side: int = 96) -> tuple[Image.Image, Image.Image]:
    """A drawn head with hair of one of three colours, and its mask in the LFW colours."""
    generator = np.random.default_rng(seed)
    ground = tuple(int(c) for c in generator.integers(120, 255, 3))
    hair = [(30, 20, 15), (90, 50, 20), (10, 10, 10)][int(generator.integers(3))]
    x, y = generator.integers(-8, 9, 2)
    head = [side * 0.3 + x, side * 0.3 + y, side * 0.7 + x, side * 0.85 + y]
    hood = [side * 0.25 + x, side * 0.15 + y, side * 0.75 + x, side * 0.65 + y]
    image, mask = Image.new("RGB", (side, side), ground), Image.new("RGB", (side, side), BACKGROUND)
    for picture, hair_colour, skin in ((image, hair, (220, 180, 150)), (mask, HAIR, FACE)):
        draw = ImageDraw.Draw(picture)
        draw.ellipse(hood, fill=hair_colour)
        draw.ellipse(head, fill=skin)
    return image, mask


def hair_of(seed: int, side: int = 96) -> Bits:
    """Where the portrait has hair, [side, side]."""
    found: Bits = (np.asarray(portrait(seed, side)[1]) == HAIR).all(axis=2)
    return found


def write_portraits(folder: Path, count: int, side: int = 96) -> Path:
    """`count` portraits in the parent project's layout."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for seed in range(count):
        image, mask = portrait(seed, side)
        image.save(folder / "images" / f"p{seed:03}.jpg", quality=92)
        mask.save(folder / "masks" / f"p{seed:03}.ppm")
    return folder


def encoded(image: Image.Image, format: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=format)
    return stream.getvalue()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_archives(folder: Path, mask_edit: dict[str, bytes] | None = None) -> Path:
    """The official archives' layout, with drawn people."""
    from train.data.lfw import IMAGES, MASKS

    images, masks = {}, {}
    for seed, name in enumerate(NAMES):
        image, mask = portrait(seed)
        images[f"lfw_funneled/{name.rpartition('_')[0]}/{name}.jpg"] = encoded(image, "JPEG")
        masks[f"parts_lfw_funneled_gt_images/{name}.ppm"] = encoded(mask, "PPM")
    write_tar(folder / IMAGES, images)
    write_tar(folder / MASKS, masks | (mask_edit or {}))
    return folder
