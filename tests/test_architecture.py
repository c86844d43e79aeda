"""Floors, rooms and imports: who may know whom, and which file stands where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from architecture import PICTURE, picture
from rooms import (
    FLOORS,
    ROOMS,
    ROOT,
    SOURCES,
    between_rooms,
    circle,
    floor_of,
    imports,
    module_of,
    purpose,
)

MOST_IN_A_ROOM = 15


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path) -> None:
    floor = floor_of(module_of(path))
    for module in imports()[module_of(path)]:
        other = floor_of(module)
        assert other == floor or other in FLOORS[floor], f"{floor} may not import {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_stands_in_its_room(path: Path) -> None:
    room = path.parent.relative_to(ROOT).as_posix()
    rooms = "\n".join(f"  {name}: {purpose(name)}" for name in ROOMS)
    assert room in ROOMS, f"{room} is no room; there are\n{rooms}"
    if path.name == "__init__.py":
        return
    right = [name for name, files in ROOMS.items() if path.stem in files.split()]
    told = [f"{name} ({purpose(name)})" for name in right]
    assert room in right, f"{path.name} stands in {room}, which is for: {purpose(room)} " + (
        f"It belongs to {' or '.join(told)}" if told else "It is in no room of rooms.py yet."
    )


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_holds_what_the_table_says_and_not_too_much(room: str) -> None:
    there = {path.stem for path in (ROOT / room).glob("*.py")} - {"__init__"}
    assert there == set(ROOMS[room].split())
    assert len(there) <= MOST_IN_A_ROOM
    assert purpose(room)


@pytest.mark.parametrize("edges", [imports(), between_rooms()], ids=["files", "rooms"])
def test_nothing_imports_in_a_circle(edges: Mapping[str, frozenset[str]]) -> None:
    assert " imports ".join(circle(edges)) == ""


def test_a_circle_would_be_found() -> None:
    edges = dict(imports())
    edges["zoo.base.errors"] |= {"zoo.base.files"}
    assert circle(edges) == ["zoo.base.errors", "zoo.base.files", "zoo.base.errors"]


def test_the_picture_is_of_these_imports() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "make architecture"


def test_tests_stand_as_what_they_test() -> None:
    flat = {path.stem for path in (ROOT / "tests").glob("test_*.py")}
    assert flat == {
        "test_architecture",
        "test_commands",
        "test_fuzz",
        "test_light_install",
        "test_listings",
        "test_measured",
        "test_printed_commands",
        "test_recovery",
    }
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("test_*.py"))}
    assert folders == {"zoo", "train", "devices", "bench", "reports", "benchmarks"}


def test_no_file_is_named_utils_or_helpers() -> None:
    assert not [p for p in SOURCES if p.name in ("utils.py", "helpers.py")]
