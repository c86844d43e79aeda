"""Head coordinates: half a head's width is 1, the origin is the middle of the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.synthetic.canvas import Points


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a head stands on the canvas: its centre and half width in pixels, its roll."""

    x: float
    y: float
    unit: float
    roll: float

    def place(self, points: Points) -> Points:
        """Head coordinates [..., 2] to pixels."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cos, sin], [-sin, cos]])
        placed: Points = points @ turn * self.unit + np.array([self.x, self.y])
        return placed

    def upright(self, points: Points) -> Points:
        """As `place`, for what does not turn with the head: shoulders."""
        placed: Points = points * self.unit + np.array([self.x, self.y])
        return placed


def ellipse(x: float, y: float, a: float, b: float, corners: int = 40) -> Points:
    """The outline of an ellipse, in whatever coordinates its measures are."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], axis=1)


def head_outline(height: float, jaw: float) -> Points:
    """A skull that narrows towards the chin."""
    outline = ellipse(0, 0, 1, height, corners=60)
    below = np.clip(outline[:, 1] / height, 0, 1)
    outline[:, 0] *= 1 - jaw * below**2
    return outline


def arc(from_angle: float, to_angle: float, a: float, b: float, corners: int) -> Points:
    """Part of an ellipse around the origin; angles in radians, pi/2 is up (y negative)."""
    angles = np.linspace(from_angle, to_angle, corners)
    return np.stack([a * np.cos(angles), -b * np.sin(angles)], axis=1)


def smooth_noise(rng: np.random.Generator, count: int, knots: int) -> np.ndarray:
    """`count` values in about -1..1 that vary smoothly, with `knots` random supports."""
    supports = rng.normal(0, 0.5, knots)
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), supports)


def beziers(starts: Points, middles: Points, ends: Points, corners: int) -> Points:
    """Quadratic curves [n, corners, 2] from `starts` by way of `middles` to `ends`, each [n, 2]."""
    t = np.linspace(0, 1, corners)[None, :, None]
    s, m, e = (points[:, None, :] for points in (starts, middles, ends))
    curves: Points = (1 - t) ** 2 * s + 2 * t * (1 - t) * m + t**2 * e
    return curves
