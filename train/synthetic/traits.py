"""What a drawn person looks like, chosen at random but consistently."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from train.synthetic.canvas import Colour

Hat = Literal["cap", "beanie", "brim", "scarf"]


@dataclass(frozen=True, kw_only=True)
class HairStyle:
    """In head units (half a head's width is 1; y points down from the middle of the head).

    volume: how far the hair stands off the skull. hairline: height of the hairline on the
    forehead. sides, back: how far down the hair reaches beside and behind the face. fringe: how
    far it falls over the forehead. parting: x of the parting. wave, waves: amplitude and count
    along a strand. bun: a knot on top or behind. crown: whether the top of the skull has hair.
    """

    volume: float
    hairline: float
    sides: float
    back: float
    fringe: float
    parting: float
    wave: float
    waves: float
    frizz: float
    bun: bool
    crown: bool


@dataclass(frozen=True, kw_only=True)
class Person:
    """Colours are RGB in 0..255; yaw is -1..1, roll in radians. style None is a bald head."""

    skin: Colour
    hair: Colour
    cloth: Colour
    style: HairStyle | None
    hat: Hat | None
    beard: float
    glasses: bool
    jaw: float
    height: float
    yaw: float
    roll: float


# Name: share, then ranges of the measures above.
_STYLES = {
    "buzz": (0.10, dict(volume=(0.02, 0.07), sides=(-0.3, 0.1), back=(0.0, 0.1))),
    "short": (0.24, dict(volume=(0.10, 0.28), sides=(-0.2, 0.35), back=(0.2, 0.5))),
    "receding": (0.07, dict(volume=(0.06, 0.2), sides=(0.0, 0.4), back=(0.2, 0.5))),
    "bob": (0.14, dict(volume=(0.15, 0.4), sides=(0.6, 1.4), back=(0.8, 1.5))),
    "long": (0.20, dict(volume=(0.12, 0.4), sides=(1.2, 3.0), back=(1.5, 3.2))),
    "curly": (0.13, dict(volume=(0.3, 0.9), sides=(0.0, 1.2), back=(0.3, 1.4))),
    "tied": (0.12, dict(volume=(0.05, 0.15), sides=(-0.2, 0.2), back=(0.1, 0.3))),
}
BALD_SHARE = 0.09
HAT_SHARE = 0.18


def random_person(rng: np.random.Generator) -> Person:
    """A person of any age, skin, style and pose."""
    style, hat = _style(rng), _hat(rng)
    if hat is not None:  # what would stand above a hat
        style = replace(style, bun=False, frizz=0.0, volume=min(style.volume, 0.2))
    return Person(
        skin=_skin(rng),
        hair=_hair_colour(rng),
        cloth=_any_colour(rng),
        style=None if rng.random() < BALD_SHARE else style,
        hat=hat,
        beard=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.22 else 0.0,
        glasses=bool(rng.random() < 0.2),
        jaw=float(rng.uniform(0.1, 0.45)),
        height=float(rng.uniform(1.2, 1.5)),
        yaw=float(np.clip(rng.normal(0, 0.45), -1, 1)),
        roll=float(rng.normal(0, 0.16)),
    )


def _style(rng: np.random.Generator) -> HairStyle:
    names = list(_STYLES)
    shares = np.array([_STYLES[name][0] for name in names])
    name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    ranges = _STYLES[name][1]
    measures = {key: float(rng.uniform(low, high)) for key, (low, high) in ranges.items()}
    curly = name == "curly"
    return HairStyle(
        **measures,
        hairline=float(
            rng.uniform(-1.15, -0.95) if name == "receding" else rng.uniform(-0.95, -0.55)
        ),
        fringe=float(rng.uniform(0.1, 0.45))
        if name in ("bob", "long") and rng.random() < 0.4
        else 0.0,
        parting=float(rng.uniform(-0.6, 0.6)),
        wave=float(rng.uniform(0.05, 0.12) if curly else rng.uniform(0.0, 0.06)),
        waves=float(rng.uniform(5, 10) if curly else rng.uniform(0.5, 4)),
        frizz=float(rng.uniform(0.0, 1.0)),
        bun=name == "tied",
        crown=not (name == "receding" and rng.random() < 0.6),
    )


def _hat(rng: np.random.Generator) -> Hat | None:
    if rng.random() > HAT_SHARE:
        return None
    kinds: tuple[Hat, ...] = ("cap", "beanie", "brim", "scarf")
    return kinds[int(rng.integers(len(kinds)))]


def _skin(rng: np.random.Generator) -> Colour:
    """Along the line from pale to dark brown skin, with some spread in hue."""
    depth = rng.uniform(0, 1)
    pale, dark = np.array([245, 210, 185]), np.array([75, 48, 35])
    mixed = pale + (dark - pale) * depth + rng.normal(0, 6, 3)
    return _colour(mixed)


def _hair_colour(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.06:  # dyed
        return _hsv(rng.uniform(0, 1), rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.9))
    if rng.random() < 0.15:  # grey and white
        grey = rng.uniform(90, 225)
        return _colour(np.array([grey, grey, grey]) + rng.normal(0, 5, 3))
    lightness = rng.uniform(0.05, 0.8) ** 1.5  # black to blond
    return _hsv(rng.uniform(0.04, 0.11), rng.uniform(0.25, 0.7), 0.08 + lightness)


def _any_colour(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.35:  # dark or hair-like clothes, which a model must tell from hair
        return _hsv(rng.uniform(0, 0.12), rng.uniform(0, 0.5), rng.uniform(0.05, 0.4))
    return _hsv(rng.uniform(0, 1), rng.uniform(0, 0.8), rng.uniform(0.1, 0.95))


def random_colour(rng: np.random.Generator) -> Colour:
    """Any colour, dark and hair-like ones more often than chance would have it."""
    return _any_colour(rng)


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(value, 1))
    return 255 * red, 255 * green, 255 * blue


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0, 255).tolist()
    return red, green, blue
