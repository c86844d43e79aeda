"""The pictures of a report: every label has room, and many facets stand in rows."""

from __future__ import annotations

from pathlib import Path

import made
import numpy as np
import pytest
from PIL import Image

from reports.pictures.figures import draw_pareto
from reports.pictures.labels import GAP, POINT, around, arranged
from reports.pictures.panels import ACROSS
from zoo.home import Home

ROOM = np.array([0.0, 0.0, 420.0, 380.0])
SIZE = np.array([62.0, 10.0])


def crowd(count: int, step: float, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points of a front, so many pixels apart on average, in the middle of the room."""
    steps = np.random.default_rng(seed).uniform(0, 2 * step, (count, 2))
    return np.asarray(np.cumsum(steps, axis=0) + np.array([150.0, 120.0]))


@pytest.mark.parametrize("step", [1.0, 4.0, 12.0])
@pytest.mark.parametrize("seed", range(4))
def test_labels_of_near_equal_points_do_not_meet(step: float, seed: int) -> None:
    points = crowd(16, step, seed)
    corners = arranged(points, np.tile(SIZE, (16, 1)), around(points, POINT), ROOM)
    for place, corner in enumerate(corners):
        assert (corner >= ROOM[:2] - GAP).all()
        assert (corner + SIZE <= ROOM[2:] + GAP).all()
        apart = np.abs(corners - corner) >= SIZE
        assert apart.any(axis=1)[np.arange(16) != place].all()
        inside = (points > corner - POINT) & (points < corner + SIZE + POINT)
        assert not inside.all(axis=1).any()


def test_a_lone_label_stands_close_to_its_point() -> None:
    point = np.array([[200.0, 200.0]])
    (corner,) = arranged(point, SIZE[None], around(point, POINT), ROOM)
    nearest = np.clip(point[0], corner, corner + SIZE)
    assert np.hypot(*(nearest - point[0])) < 3 * POINT


def test_a_label_that_finds_no_room_covers_as_little_as_it_can() -> None:
    points = np.tile([[30.0, 15.0]], (40, 1))
    room = np.array([0.0, 0.0, 70.0, 30.0])
    corners = arranged(points, np.tile(SIZE, (40, 1)), around(points, POINT), room)
    assert corners.shape == (40, 2)


def test_many_facets_stand_in_rows(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    devices = [made.device("one"), made.device("two", emulated=True)]
    made.store(home, devices, made.SPECS[:2], precisions=("fp32", "fp16", "int8"), sessions=2)
    report = made.report(home)
    assert len(report.facets) == 6
    draw_pareto(report, tmp_path)
    with Image.open(tmp_path / "pareto.png") as picture:
        width, height = picture.size
    assert width < 1000 * ACROSS
    assert height > 1000
