"""One person: shoulders, head, face, hair, hat, from back to front."""

from __future__ import annotations

import numpy as np

from train.synthetic.canvas import (
    BACKGROUND,
    FACE,
    Canvas,
    Colour,
    noise_texture,
    striped_texture,
)
from train.synthetic.frame import Frame, arc, beziers, ellipse, head_outline
from train.synthetic.hair import draw_back_hair, draw_front_hair
from train.synthetic.traits import Person, random_colour


def draw_person(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    """Draws over what is there; labels hair and face, everything else is background."""
    behind = rng.random() < 0.5
    if behind:
        draw_back_hair(canvas, frame, person, rng)
    _shoulders(canvas, frame, person, rng)
    if not behind:
        draw_back_hair(canvas, frame, person, rng)
    _neck_and_head(canvas, frame, person, rng)
    _face(canvas, frame, person, rng)
    if person.beard:
        _beard(canvas, frame, person, rng)
    draw_front_hair(canvas, frame, person, rng)
    if person.hat:
        _hat(canvas, frame, person, rng)


def _shoulders(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    top = person.height + rng.uniform(0.35, 0.7)
    width = rng.uniform(1.8, 2.6)
    half = [(0.5, top - 0.1), (0.75 * width, top + 0.25), (width, top + 0.7), (width + 0.4, 9)]
    outline = np.array([*half, *[(-x, y) for x, y in reversed(half)]])
    if rng.random() < 0.4:
        texture = striped_texture(rng, person.cloth, random_colour(rng))
    else:
        texture = noise_texture(rng, person.cloth, rng.uniform(3, 25), int(rng.integers(8, 64)))
    canvas.pattern(frame.upright(outline), texture, BACKGROUND)
    if rng.random() < 0.15:
        _fur(canvas, frame, person, top, rng)


def _fur(
    canvas: Canvas, frame: Frame, person: Person, top: float, rng: np.random.Generator
) -> None:
    """A collar that looks like hair and is none."""
    count = 220
    starts = np.stack([rng.uniform(-1.4, 1.4, count), top + rng.uniform(0, 0.5, count)], 1)
    ends = starts + np.stack([rng.normal(0, 0.2, count), rng.uniform(0.1, 0.4, count)], 1)
    colours = np.array(person.cloth) * rng.uniform(0.5, 1.4, (count, 1))
    lines = beziers(starts, (starts + ends) / 2 + rng.normal(0, 0.05, (count, 2)), ends, 5)
    canvas.strands(frame.upright(lines), colours, 0.03 * frame.unit, BACKGROUND)


def _neck_and_head(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    low, high = person.height + 0.8, 0.5 * person.height
    neck = np.array([[-0.5, high], [0.5, high], [0.6, low], [0, low + 0.25], [-0.6, low]])
    canvas.polygon(frame.place(neck), _shaded(person.skin, 0.78), FACE)
    for sign in (-1, 1):
        if sign * person.yaw < 0.5:
            ear = ellipse(sign * 0.99, 0.0, 0.13, 0.27)
            canvas.polygon(frame.place(ear), _shaded(person.skin, 0.9), FACE)
    head = frame.place(head_outline(person.height, person.jaw))
    canvas.pattern(head, noise_texture(rng, person.skin, rng.uniform(1, 5), 40), FACE)
    # The side turned away from the light.
    away = rng.choice([-1.0, 1.0])
    cheek = head_outline(person.height, person.jaw) * [0.35, 0.92] + [0.62 * away, 0]
    canvas.polygon(frame.place(cheek), _shaded(person.skin, rng.uniform(0.82, 0.97)), None)


def _face(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    turn = 0.35 * person.yaw
    brow = _shaded(person.hair, 0.8)
    for sign in (-1, 1):
        x = turn + sign * 0.38 * (1 - 0.25 * abs(person.yaw))
        canvas.polygon(frame.place(ellipse(x, -0.08, 0.16, 0.075)), (235, 232, 228), None)
        canvas.polygon(frame.place(ellipse(x, -0.08, 0.07, 0.07)), (45, 30, 22), None)
        line = np.array([[[x - 0.2, -0.26], [x, -0.34], [x + 0.2, -0.27]]])
        canvas.strands(frame.place(line), np.array([brow]), 0.055 * frame.unit, None)
        if person.glasses:
            rim = ellipse(x, -0.08, 0.27, 0.2)[None]
            canvas.strands(frame.place(rim), np.array([[25, 25, 30]]), 0.04 * frame.unit, None)
    nose = np.array([[turn, -0.05], [turn * 1.5 + 0.13, 0.4], [turn * 1.5 - 0.13, 0.4]])
    canvas.polygon(frame.place(nose), _shaded(person.skin, 0.86), None)
    red, green, blue = person.skin
    lips = (0.85 * red, 0.55 * green, 0.55 * blue)
    mouth = ellipse(turn, 0.68, rng.uniform(0.2, 0.36), rng.uniform(0.04, 0.12))
    canvas.polygon(frame.place(mouth), lips, None)


def _beard(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    """Strands of the hair's colour that are labelled face, as in LFW part labels."""
    count = int(350 * person.beard)
    x = rng.uniform(-0.85, 0.85, count)
    low = person.height * np.sqrt(1 - np.clip(np.abs(x), 0, 0.95) ** 2)
    y = low * rng.uniform(0.45, 0.98, count)
    keep = ~((np.abs(x - 0.35 * person.yaw) < 0.3) & (np.abs(y - 0.68) < 0.1)) & (y > 0.4)
    starts = np.stack([x * (1 - person.jaw * (y / person.height) ** 2), y], 1)[keep]
    ends = starts + np.stack(
        [rng.normal(0, 0.04, len(starts)), rng.uniform(0.03, 0.16, len(starts))], 1
    )
    colours = np.array(person.hair) * rng.uniform(0.6, 1.2, (len(starts), 1))
    lines = beziers(starts, (starts + ends) / 2, ends, 3)
    canvas.strands(frame.place(lines), colours, 0.05 * frame.unit, FACE)


def _hat(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    colour = random_colour(rng)
    volume = 0.12 + (0.4 * person.style.volume if person.style else 0.0)
    a, b = 1 + volume, person.height + volume
    edge = rng.uniform(-0.8, -0.5)
    start = float(np.arcsin(-edge / b))
    dome = arc(np.pi - start, start, a, b * rng.uniform(1.0, 1.2), corners=40)
    texture = striped_texture(rng, colour, _shaded(colour, 0.8))
    if rng.random() < 0.6:
        texture = noise_texture(rng, colour, rng.uniform(2, 20), int(rng.integers(16, 80)))
    if person.hat == "scarf":
        around = arc(np.pi * 1.25, -np.pi * 0.25, a, b, corners=60)
        opening = arc(-np.pi * 0.25, np.pi * 1.25, 0.8, 0.8 * person.height, corners=60)
        dome = np.concatenate([around, opening + np.array([0.3 * person.yaw, 0.1])])
    canvas.pattern(frame.place(dome), texture, BACKGROUND)
    turn = 0.4 * person.yaw
    if person.hat == "cap":
        visor = ellipse(turn * 2, edge, 0.85, rng.uniform(0.12, 0.3))
        canvas.polygon(frame.place(visor), _shaded(colour, 0.7), BACKGROUND)
    elif person.hat == "brim":
        brim = ellipse(0, edge, rng.uniform(1.5, 2.2), rng.uniform(0.12, 0.3))
        canvas.polygon(frame.place(brim), _shaded(colour, 0.85), BACKGROUND)


def _shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = colour
    return red * factor, green * factor, blue * factor
