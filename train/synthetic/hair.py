"""Hair: an outline by style, strands that follow it, and single hairs that do not."""

from __future__ import annotations

import numpy as np

from train.synthetic.canvas import HAIR, Canvas, Colour, Points
from train.synthetic.frame import Frame, arc, beziers, ellipse, smooth_noise
from train.synthetic.traits import HairStyle, Person

STRANDS = 260
CORNERS = 12


def draw_back_hair(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    """What falls behind the face; drawn before neck and head."""
    style = person.style
    if style is None:
        return
    outline = _outline(person, style, style.back, rng)
    if not style.crown:
        outline = outline[outline[:, 1] > -0.5 * person.height]
    shade: Colour = tuple(0.75 * channel for channel in person.hair)  # type: ignore[assignment]
    canvas.polygon(frame.place(outline), shade, HAIR)
    if style.back > 0.6:
        count = STRANDS // 2
        x = rng.uniform(-1, 1, count) * (1 + style.volume)
        tips = np.stack([x * rng.uniform(0.8, 1.1), style.back + rng.normal(0, 0.12, count)], 1)
        roots = np.stack([x * 0.7, np.full(count, -0.3 * person.height)], 1)
        _strands(canvas, frame, person, style, (roots, (roots + tips) / 2, tips), rng, 0.75)


def draw_front_hair(canvas: Canvas, frame: Frame, person: Person, rng: np.random.Generator) -> None:
    """What lies on the skull, frames the face and falls over the forehead."""
    style = person.style
    if style is None:
        return
    if style.bun:
        _bun(canvas, frame, person, style, rng)
    left, right = _temples(person)
    outer = _outline(person, style, style.sides, rng)
    across = np.linspace(right, left, 24)
    ragged = rng.normal(0, 0.05, 24) * (1 + style.fringe)
    hairline = style.hairline + style.fringe + 0.35 * (across - person.yaw * 0.3) ** 2 + ragged
    inner = np.concatenate(
        [[[right, style.sides]], np.stack([across, hairline], 1), [[left, style.sides]]]
    )
    if style.crown:
        canvas.polygon(frame.place(np.concatenate([outer, inner])), person.hair, HAIR)
    else:
        _sides_only(canvas, frame, person, outer, (left, right))
    _strands(canvas, frame, person, style, _combed(person, style, rng), rng, 1.0)
    _flyaways(canvas, frame, person, style, outer, rng)


def _outline(person: Person, style: HairStyle, reach: float, rng: np.random.Generator) -> Points:
    """From the lower left, over the top, to the lower right, as far down as `reach`."""
    a, b = 1 + style.volume, person.height + style.volume
    start = float(np.arcsin(np.clip(-min(reach, 0) / b, 0, 0.9)))
    top = arc(np.pi - start, start, a, b, corners=50)
    bumps = style.volume * (0.12 + 2 * style.wave) * smooth_noise(rng, 50, 6 + int(3 * style.waves))
    top *= 1 + bumps[:, None]
    if reach <= 0:
        return top
    down = np.linspace(reach, 0, 14)[:-1]
    spread = a * (1 + rng.uniform(-0.25, 0.15) * down / max(reach, 1))
    left = np.stack([-spread + 0.1 * smooth_noise(rng, 13, 5), down], 1)
    right = np.stack([spread + 0.1 * smooth_noise(rng, 13, 5), down], 1)[::-1]
    return np.concatenate([left, top, right])


def _temples(person: Person) -> tuple[float, float]:
    """Inner edges of the hair beside the face: a turned head shows more of one side."""
    return -0.9 + 0.5 * max(person.yaw, 0), 0.9 + 0.5 * min(person.yaw, 0)


def _sides_only(
    canvas: Canvas, frame: Frame, person: Person, outer: Points, temples: tuple[float, float]
) -> None:
    """A bald crown with hair around it."""
    for sign, temple in zip((-1, 1), temples, strict=True):
        side = outer[(outer[:, 0] * sign > 0) & (outer[:, 1] > -0.62 * person.height)]
        inner = [[temple, side[:, 1].max()], [temple, -0.5 * person.height]]
        order = side[np.argsort(side[:, 1])]
        canvas.polygon(frame.place(np.concatenate([order, inner])), person.hair, HAIR)


def _combed(
    person: Person, style: HairStyle, rng: np.random.Generator
) -> tuple[Points, Points, Points]:
    """Strands from the parting outwards: over the forehead, and down the sides."""
    left, right = _temples(person)
    a, b = 1 + style.volume, person.height + style.volume
    u = rng.uniform(-1, 1, STRANDS)
    side = (np.abs(u) > 0.5) if style.crown else np.ones(STRANDS, dtype=bool)
    temple = np.where(u < 0, left, right)
    edge = temple + (np.sign(u) * a - temple) * rng.uniform(0.05, 1.0, STRANDS)
    tip_x = np.where(side, edge, 2 * u * np.abs(temple))
    over = style.hairline + style.fringe + 0.35 * tip_x**2
    tip_y = np.where(side, style.sides, over) - np.abs(rng.normal(0, 0.22, STRANDS))
    depth = rng.uniform(0.86, 1.0, STRANDS)
    root_x = style.parting * 0.8 + rng.normal(0, 0.12, STRANDS)
    if not style.crown:
        root_x, depth = np.sign(u) * a * 0.93, np.full(STRANDS, 0.45)
    roots = np.stack([root_x, -b * depth * np.sqrt(np.clip(1 - (root_x / a) ** 2, 0.1, 1))], 1)
    middle_y = np.where(side, -0.55 * b, -0.92 * b)
    middles = np.stack([np.where(side, np.sign(u) * a * 1.02 * depth, tip_x * 0.8), middle_y], 1)
    return roots, middles, np.stack([tip_x, tip_y], 1)


def _strands(
    canvas: Canvas,
    frame: Frame,
    person: Person,
    style: HairStyle,
    guides: tuple[Points, Points, Points],
    rng: np.random.Generator,
    brightness: float,
) -> None:
    lines = beziers(*guides, corners=CORNERS)
    count = len(lines)
    along = np.linspace(0, 2 * np.pi * style.waves, CORNERS)[None, :]
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    lines[..., 0] += style.wave * np.sin(along + phase)
    lines[..., 1] += style.wave * np.cos(along * 0.7 + phase)
    # Locks: neighbours share their tone; a sheen lightens some of them.
    tone = smooth_noise(rng, 64, 40)[(lines[:, -1, 0] * 20 + 32).astype(int) % 64]
    tone = brightness * (1 + 0.35 * tone + rng.normal(0, 0.14, count))
    sheen = np.where(rng.random(count) < 0.12, rng.uniform(0, 45), 0)[:, None]
    colours = np.array(person.hair) * tone[:, None] + sheen
    width = float(rng.uniform(0.008, 0.035)) * frame.unit
    canvas.strands(frame.place(lines), colours, width, HAIR)


def _flyaways(
    canvas: Canvas,
    frame: Frame,
    person: Person,
    style: HairStyle,
    outer: Points,
    rng: np.random.Generator,
) -> None:
    """Single hairs that stand off the outline: what fine input sizes are for."""
    count = int(style.frizz * 60 * (0.4 + 2 * style.volume))
    if not count or not style.crown:
        return
    starts = outer[rng.integers(0, len(outer), count)]
    away = starts / np.linalg.norm(starts, axis=1, keepdims=True)
    length = np.abs(rng.normal(0, 0.16, (count, 1))) * (1 + style.volume)
    ends = starts + away * length + rng.normal(0, 0.08, (count, 2))
    middles = starts + away * length * 0.7 + rng.normal(0, 0.05, (count, 2))
    colours = np.array(person.hair) * rng.uniform(0.7, 1.3, (count, 1))
    lines = beziers(starts * 0.97, middles, ends, corners=5)
    canvas.strands(frame.place(lines), colours, 0.012 * frame.unit, HAIR)


def _bun(
    canvas: Canvas, frame: Frame, person: Person, style: HairStyle, rng: np.random.Generator
) -> None:
    size, x = rng.uniform(0.25, 0.5), rng.uniform(-0.5, 0.5)
    y = -person.height - style.volume - rng.uniform(-0.4, 0.4) * size
    canvas.polygon(frame.place(ellipse(x, y, size, 0.85 * size)), person.hair, HAIR)
    turns = rng.uniform(0, 2 * np.pi, 40)
    rings = np.stack([ellipse(0, 0, r, 0.85 * r, corners=CORNERS) for r in rng.uniform(0.2, 1, 40)])
    shift = np.stack([x + 0.1 * size * np.cos(turns), y + 0.1 * size * np.sin(turns)], 1)
    colours = np.array(person.hair) * rng.uniform(0.6, 1.35, (40, 1))
    canvas.strands(frame.place(rings * size + shift[:, None]), colours, 0.02 * frame.unit, HAIR)
