"""Masks that read without an error and are wrong: told, and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from drawn import BACKGROUND, HAIR, write_portraits
from PIL import Image

from zoo.home import Home


def inverted(path: Path) -> None:
    """Hair and background changed for each other."""
    pixels = np.array(Image.open(path))
    hair, ground = (pixels == HAIR).all(axis=2), (pixels == BACKGROUND).all(axis=2)
    pixels[hair], pixels[ground] = BACKGROUND, HAIR
    Image.fromarray(pixels).save(path)


def filled(path: Path) -> None:
    Image.new("RGB", (96, 96), HAIR).save(path)


def emptied(path: Path) -> None:
    Image.new("RGB", (96, 96), BACKGROUND).save(path)


def doubts(folder: Path, sheet: Path) -> dict[str, str]:
    """What is wrong by file, beside single masks without hair."""
    words = ("data", "check", str(folder), "--json", "--sheet", str(sheet))
    warnings = json.loads(invoke(*words).stdout)["warnings"]
    return {one["file"]: one["wrong"] for one in warnings if one["wrong"] != "no hair in it"}


@pytest.mark.parametrize(
    ("spoil", "which", "file", "told"),
    [
        (inverted, [3], "masks/p003.ppm", "inverted?"),
        (filled, [5], "masks/p005.ppm", "100% of it is hair"),
        (inverted, range(20), ".", "along the edge"),
        (filled, range(18), ".", "18 of 20 masks are nearly all hair"),
        (emptied, range(15), ".", "15 of 20 masks are without hair"),
    ],
)
def test_what_is_likely_wrong_is_told_and_drawn(
    tmp_path: Path, home: Home, spoil: object, which: list[int], file: str, told: str
) -> None:
    folder = write_portraits(tmp_path / "own", 20)
    assert doubts(folder, tmp_path / "sound.jpg") == {}
    for number in which:
        spoil(folder / "masks" / f"p{number:03}.ppm")  # type: ignore[operator]
    found = doubts(folder, tmp_path / "worst.jpg")
    assert told in found[file]
    if len(which) == 1:
        assert len(found) == 1
    with Image.open(tmp_path / "worst.jpg") as sheet:
        assert np.asarray(sheet).std() > 10
    output = invoke("data", "folder", str(folder), "--name", "own").output
    assert told in output
    assert (home.dataset("own") / "doubtful.jpg").is_file()
    assert "problems" in invoke("data", "check", str(home.dataset("own"))).output


def test_a_sound_set_is_not_warned_of(tmp_path: Path, home: Home) -> None:
    folder = write_portraits(tmp_path / "own", 20)
    assert "warning" not in invoke("data", "folder", str(folder), "--name", "own").output
    assert not (home.dataset("own") / "doubtful.jpg").exists()
