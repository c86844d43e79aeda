"""The whole picture: what is behind the person, what is in front, the light and the camera."""

from __future__ import annotations

import numpy as np
from PIL import Image

from train.synthetic.canvas import (
    BACKGROUND,
    Canvas,
    noise_texture,
    striped_texture,
)
from train.synthetic.frame import Frame, beziers, ellipse
from train.synthetic.person import draw_person
from train.synthetic.traits import random_colour, random_person
from zoo.preprocess import UInt8

SIDE = 256


def portrait(seed: int, index: int) -> tuple[Image.Image, UInt8]:
    """RGB [256, 256] and its class indices; depends on `seed` and `index` alone.

    As in LFW part labels only the person in front is labelled: others, however near, are
    background.
    """
    rng = np.random.default_rng([seed, index])
    canvas = Canvas(SIDE)
    _background(canvas, rng)
    if rng.random() < 0.15:
        _bystander(canvas, rng)
    canvas.blur(float(rng.choice([0.0, 0.5, 1.5, 3.0])))
    canvas.labels.paste(BACKGROUND, (0, 0, *canvas.labels.size))
    person = random_person(rng)
    frame = Frame(
        x=SIDE * rng.normal(0.5, 0.06),
        y=SIDE * rng.normal(0.5, 0.05),
        unit=SIDE * rng.uniform(0.14, 0.26),
        roll=person.roll,
    )
    draw_person(canvas, frame, person, rng)
    if rng.random() < 0.12:
        _occluder(canvas, frame, person.skin, rng)
    _light(canvas, frame, rng)
    image, labels = canvas.finished()
    return _camera(image, rng), labels


def _background(canvas: Canvas, rng: np.random.Generator) -> None:
    side = canvas.side
    wall = np.array([[0, 0], [side, 0], [side, side], [0, side]], dtype=float)
    base = noise_texture(rng, random_colour(rng), rng.uniform(2, 30), int(rng.integers(3, 60)))
    canvas.pattern(wall, base, None)
    for _ in range(int(rng.choice([0, 0, 2, 4, 8, 12]))):
        x, y, a, b = rng.uniform(0, side, 2).tolist() + rng.uniform(5, side / 2, 2).tolist()
        shape = ellipse(x, y, a, b, corners=int(rng.choice([3, 4, 4, 5, 30])))
        kind = rng.random()
        if kind < 0.5:
            canvas.polygon(shape, random_colour(rng), None)
        elif kind < 0.75:
            canvas.pattern(
                shape, striped_texture(rng, random_colour(rng), random_colour(rng)), None
            )
        else:
            _tuft(canvas, (x, y), min(a, b), rng)


def _tuft(
    canvas: Canvas, centre: tuple[float, float], size: float, rng: np.random.Generator
) -> None:
    """Grass, fur, foliage: strands that are no hair."""
    count = 120
    starts = np.array(centre) + rng.normal(0, 0.5 * size, (count, 2))
    ends = starts + rng.normal(0, 0.3 * size, 2) + rng.normal(0, 0.2 * size, (count, 2))
    middles = (starts + ends) / 2 + rng.normal(0, 0.1 * size, (count, 2))
    colours = np.array(random_colour(rng)) * rng.uniform(0.5, 1.4, (count, 1))
    canvas.strands(beziers(starts, middles, ends, 6), colours, rng.uniform(0.5, 2.5), None)


def _bystander(canvas: Canvas, rng: np.random.Generator) -> None:
    person = random_person(rng)
    frame = Frame(
        x=canvas.side * (0.5 + rng.choice([-1, 1]) * rng.uniform(0.25, 0.5)),
        y=canvas.side * rng.uniform(0.3, 0.7),
        unit=canvas.side * rng.uniform(0.08, 0.18),
        roll=person.roll,
    )
    draw_person(canvas, frame, person, rng)


def _occluder(
    canvas: Canvas, frame: Frame, skin: tuple[float, float, float], rng: np.random.Generator
) -> None:
    """An arm, a microphone, a board: in front of everything, and background by its label."""
    if rng.random() < 0.4:
        start = np.array([[rng.choice([-3.0, 3.0]), rng.uniform(1, 4)]])
        end = np.array([[rng.normal(0, 0.7), rng.uniform(-1.3, 0.9)]])
        limb = beziers(start, (start + end) / 2 + rng.normal(0, 0.5, (1, 2)), end, 8)
        canvas.strands(frame.place(limb), np.array([skin]), 0.35 * frame.unit, BACKGROUND)
        canvas.polygon(frame.place(ellipse(end[0, 0], end[0, 1], 0.3, 0.25)), skin, BACKGROUND)
        return
    x, y = rng.uniform(-1.6, 1.6), rng.uniform(-1.2, 1.8)
    a, b = rng.uniform(0.2, 0.9, 2)
    shape = ellipse(x, y, a, b, corners=int(rng.choice([4, 5, 30])))
    texture = striped_texture(rng, random_colour(rng), random_colour(rng))
    if rng.random() < 0.5:
        texture = noise_texture(rng, random_colour(rng), 12, 24)
    canvas.pattern(frame.place(shape), texture, BACKGROUND)


def _light(canvas: Canvas, frame: Frame, rng: np.random.Generator) -> None:
    """From one side, in its own colour, with patches of shadow."""
    cells = 12
    y, x = np.mgrid[0:cells, 0:cells] / (cells - 1) - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.6) * (np.cos(angle) * x + np.sin(angle) * y)
    patches = rng.normal(0, rng.uniform(0, 0.15), (cells, cells))
    centre = np.array([frame.x, frame.y]) / canvas.side - 0.5
    near = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 0.12)
    level = rng.uniform(0.8, 1.35) + slope + patches + rng.uniform(-0.2, 0.2) * near
    cast = 1 + rng.normal(0, 0.07, 3)
    canvas.multiply(level[..., None] * cast)


def _camera(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Softness, sensor noise, contrast."""
    scale = rng.uniform(0.6, 1.0)
    if scale < 0.8:  # enlarged from a small photograph
        small = image.resize((int(SIDE * scale), int(SIDE * scale)), Image.Resampling.BILINEAR)
        image = small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    pixels = np.asarray(image, dtype=np.float32)
    contrast, grain = rng.uniform(0.7, 1.2), rng.uniform(0, 9)
    pixels = (pixels - 128) * contrast + 128 + rng.normal(0, grain, pixels.shape).astype(np.float32)
    if rng.random() < 0.06:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
