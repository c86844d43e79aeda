"""Room for the labels of points: none over another label, a point, or the edge of its picture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Point = tuple[float, float]
Line = tuple[Point, Point]

# Which way from its point a label is tried first: up and to the left of a front nothing lies.
DIRECTIONS = (135, 90, 180, 45, 0, 225, 270, 315)
# How far away, in pixels of a picture at 100 an inch; from FAR on a line leads back.
DISTANCES = (5, 9, 14, 20, 27, 35, 44, 54, 65, 78, 92)
FAR = 14
# Half the side of a point, and what is left free around it and between labels.
POINT = 5.0
GAP = 1.0
# A pixel of a label or a point that is covered counts as so many of a line that is crossed.
COVERED = 100
NOTHING = np.empty((0, 4))


def label(axes: Axes, text: str, point: Point, **look: Any) -> Annotation:
    """The label of a point, for `arrange` to place."""
    look |= {"fontsize": 7, "verticalalignment": "bottom"}
    made = axes.annotate(text, point, (0, 0), textcoords="offset points", **look)
    made.set_in_layout(False)
    return made


def arrange(
    axes: Axes,
    labels: Sequence[Annotation],
    *,
    others: Sequence[Point] = (),
    lines: Sequence[Line] = (),
) -> None:
    """Move the labels of one picture, the first ones first, to where there is room.

    others: points without a label; lines: upright or level ones, which are rather not crossed. All
    must be drawn, and the axes at their place. A label that had to go far is joined to its point by
    a thin line.
    """
    if not labels:
        return
    axes.get_ylim()  # scales are settled when they are asked for
    points = _pixels(axes, [each.xy for each in labels])
    marks = np.concatenate([points, _pixels(axes, others)])
    ends = _pixels(axes, [end for line in lines for end in line]).reshape(-1, 4)
    figure = axes.figure
    assert isinstance(figure, Figure)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    sizes = np.array([each.get_window_extent(renderer).size for each in labels])
    room = np.array(axes.get_window_extent().extents)
    inches = 72 / figure.dpi
    corners = arranged(points, sizes, around(marks, POINT), room, _thin(ends))
    for each, point, corner, size in zip(labels, points, corners, sizes, strict=True):
        each.xyann = _pair((corner - point) * inches)
        nearest = np.clip(point, corner, corner + size) - point
        if np.hypot(*nearest) >= FAR:
            _lead(axes, each.xy, _pair(nearest * inches))


def _pair(values: Float64) -> Point:
    x, y = values.tolist()
    return x, y


def _pixels(axes: Axes, points: Sequence[Point]) -> Float64:
    """[n, 2]"""
    return np.asarray(axes.transData.transform(np.array(points).reshape(-1, 2)))


def around(middles: Float64, half: float) -> Float64:
    """Squares as left, bottom, right, top, [n, 4]."""
    return np.concatenate([middles - half, middles + half], axis=-1)


def _thin(ends: Float64) -> Float64:
    """Lines of a pixel's width as boxes, whichever end comes first."""
    first, last = ends[:, :2], ends[:, 2:]
    return np.concatenate([np.minimum(first, last) - 0.5, np.maximum(first, last) + 0.5], axis=-1)


def _lead(axes: Axes, point: Point, end: Point) -> None:
    """A thin line from a point to its label, `end` points away."""
    arrow = {"arrowstyle": "-", "linewidth": 0.5, "color": "#666666", "shrinkA": 0, "shrinkB": 0}
    line = axes.annotate("", point, end, textcoords="offset points", arrowprops=arrow, zorder=2)
    line.set_in_layout(False)


def arranged(
    points: Float64, sizes: Float64, obstacles: Float64, room: Float64, lines: Float64 = NOTHING
) -> Float64:
    """The lower left corner of each label, [n, 2].

    points: what they belong to, [n, 2]; sizes: widths and heights, [n, 2]; obstacles and lines:
    boxes, [m, 4]; room: a box; each left, bottom, right, top. A label would rather cross a line
    than go far, but covers nothing where there is a free place.
    """
    taken, corners = obstacles, []
    for point, size in zip(points, sizes, strict=True):
        tried = _places(point, size)
        boxes = np.concatenate([tried - GAP, tried + size + GAP], axis=-1)
        covered = _overlaps(boxes, taken).sum(axis=1) + 10 * _beyond(boxes, room)
        crossed = _overlaps(boxes, lines).sum(axis=1) + np.repeat(DISTANCES, len(DIRECTIONS))
        best = int(np.argmin(COVERED * covered + crossed))
        corners.append(tried[best])
        taken = np.concatenate([taken, boxes[best][None]])
    return np.array(corners).reshape(-1, 2)


def _places(point: Float64, size: Float64) -> Float64:
    """Where a label's lower left corner may be, nearest first."""
    found = []
    for distance, degrees in itertools.product(DISTANCES, DIRECTIONS):
        way = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        # Its nearest edge or corner stands at that distance.
        found.append(point + (distance + POINT) * way + size * (np.sign(np.round(way, 9)) - 1) / 2)
    return np.array(found)


def _overlaps(boxes: Float64, taken: Float64) -> Float64:
    """Areas in common, [boxes, taken]."""
    low = np.maximum(boxes[:, None, :2], taken[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], taken[None, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=-1))


def _beyond(boxes: Float64, room: Float64) -> Float64:
    """Areas outside of the picture."""
    inside = _overlaps(boxes, room[None])[:, 0]
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1) - inside)
