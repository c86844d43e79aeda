"""A picture and its labels, drawn together, so that they cannot disagree."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from train.data.dataset import CLASSES
from zoo.preprocess import UInt8

Points: TypeAlias = NDArray[np.float64]
Colour: TypeAlias = tuple[float, float, float]
BACKGROUND, HAIR, FACE = (CLASSES[name] for name in ("background", "hair", "face"))
# Drawn at twice the size and halved: smooth edges, and strands thinner than a pixel.
SUPERSAMPLING = 2


class Canvas:
    """Square, in pixel coordinates (x right, y down) of the picture that comes out in the end."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._drawn = side * SUPERSAMPLING
        self.image = Image.new("RGB", (self._drawn, self._drawn))
        self.labels = Image.new("L", (self._drawn, self._drawn), BACKGROUND)

    def polygon(self, points: Points, colour: Colour, label: int | None) -> None:
        """Fill the outline `points` [n, 2]; label None leaves the labels as they are."""
        outline = self._scaled(points)
        ImageDraw.Draw(self.image).polygon(outline, fill=_rgb(colour))
        if label is not None:
            ImageDraw.Draw(self.labels).polygon(outline, fill=label)

    def strands(self, lines: Points, colours: Points, width: float, label: int | None) -> None:
        """Draw polylines `lines` [n, points, 2] in `colours` [n, 3], `width` pixels wide."""
        drawn = max(round(width * SUPERSAMPLING), 1)
        draw, label_draw = ImageDraw.Draw(self.image), ImageDraw.Draw(self.labels)
        fills = np.clip(colours, 0, 255).astype(int).tolist()
        flat = (lines * SUPERSAMPLING).reshape(len(lines), -1).tolist()
        for line, fill in zip(flat, fills, strict=True):
            draw.line(line, fill=tuple(fill), width=drawn)
            if label is not None:
                label_draw.line(line, fill=label, width=drawn)

    def pattern(self, points: Points, texture: Image.Image, label: int | None) -> None:
        """Fill the outline with a texture of any size, stretched over its bounding box."""
        outline = self._scaled(points)
        left, top = (int(value) for value in np.floor(np.min(outline, axis=0)))
        right, bottom = (int(value) + 1 for value in np.ceil(np.max(outline, axis=0)))
        inside = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(inside).polygon([(x - left, y - top) for x, y in outline], fill=255)
        stretched = texture.resize(inside.size, Image.Resampling.BILINEAR)
        self.image.paste(stretched, (left, top), mask=inside)
        if label is not None:
            ImageDraw.Draw(self.labels).polygon(outline, fill=label)

    def multiply(self, light: NDArray[np.float64]) -> None:
        """Multiply by a coarse map [h, w, 3] of factors in 0..2, stretched smoothly."""
        coarse = Image.fromarray(np.clip(light * 127.5, 0, 255).astype(np.uint8))
        smooth = coarse.resize(self.image.size, Image.Resampling.BILINEAR)
        self.image = ImageChops.multiply(self.image, smooth).point(lambda value: value * 2)

    def blur(self, radius: float) -> None:
        """Blur what is drawn so far, as a background out of focus; `radius` in pixels."""
        if radius > 0.2:
            self.image = self.image.filter(ImageFilter.BoxBlur(radius * SUPERSAMPLING))

    def finished(self) -> tuple[Image.Image, UInt8]:
        """The picture [side, side] in RGB and the class indices of it, by majority."""
        fine = np.asarray(self.labels)
        n = SUPERSAMPLING
        parts = [fine[row::n, column::n] for row in range(n) for column in range(n)]
        labels = np.full((self.side, self.side), BACKGROUND, dtype=np.uint8)
        for label in (FACE, HAIR):  # a tie goes to hair: strands are thinner than pixels
            votes = sum((part == label).view(np.uint8) for part in parts)
            labels[votes >= n * n // 2] = label
        return self.image.reduce(n), labels

    def _scaled(self, points: Points) -> list[tuple[float, float]]:
        return [(x, y) for x, y in (points * SUPERSAMPLING).tolist()]


def noise_texture(
    rng: np.random.Generator, base: Colour, contrast: float, cells: int
) -> Image.Image:
    """Two octaves of grain around a colour, `cells` across: cloth, skin, walls, foliage."""
    fine = rng.normal(0, contrast, (2 * cells, 2 * cells, 1))
    tint = rng.normal(0, 0.35 * contrast, (cells, cells, 3))
    coarse = np.kron(rng.normal(0, contrast, (cells, cells, 1)) + tint, np.ones((2, 2, 1)))
    return Image.fromarray(np.clip(np.array(base) + fine + coarse, 0, 255).astype(np.uint8))


def striped_texture(rng: np.random.Generator, base: Colour, other: Colour) -> Image.Image:
    """Stripes, checks or ribs of two colours."""
    count = int(rng.integers(8, 60))
    wave = np.sin(np.arange(256) * 2 * np.pi * count / 256) > rng.uniform(-0.6, 0.6)
    grid = np.broadcast_to(wave[:, None], (256, 256))
    if rng.random() < 0.4:
        grid = grid ^ grid.T
    if rng.random() < 0.5:
        grid = grid.T
    pixels = np.where(grid[..., None], np.array(base), np.array(other))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _rgb(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (int(min(max(channel, 0), 255)) for channel in colour)
    return red, green, blue
