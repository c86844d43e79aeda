"""Draws docs/architecture.svg from the imports of the sources: `make architecture`."""

from __future__ import annotations

import html
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rooms import FLOORS, ROOMS, floor_of, imports, purpose, room_of

PICTURE = Path(__file__).with_suffix(".svg")
WIDTH, MARGIN, COLUMNS, GAP = 1240, 20, 5, 10
LINE, TITLE, PADDING = 15, 22, 9
BOX = (WIDTH - 150 - 2 * MARGIN - (COLUMNS - 1) * GAP) // COLUMNS
LETTERS = 28
FILL = {
    "zoo": "#e8f1e4",
    "train": "#fdf1dc",
    "devices": "#e3eefb",
    "bench": "#fbe6e6",
    "reports": "#efe6f8",
    "bench/cli": "#ececec",
}
SAYS = {
    "zoo": "what can be measured",
    "train": "how a variant gets its weights",
    "devices": "where it is measured",
    "bench": "how it is measured",
    "reports": "what is shown",
    "bench/cli": "the command line",
}


def rooms_of(floor: str) -> list[str]:
    return [room for room in ROOMS if floor_of(f"{room.replace('/', '.')}.x") == floor]


def uses(room: str) -> list[str]:
    """The other rooms of its floor that it imports from."""
    found = {
        room_of(other)
        for module, others in imports().items()
        for other in others
        if room_of(module) == room and floor_of(other) == floor_of(module)
    }
    return sorted(found - {room})


def box(room: str) -> list[tuple[str, str]]:
    """Its lines, each with its class."""
    question = purpose(room).partition(" Begin at")[0]
    lines = [("name", room)]
    lines += [("text", line) for line in textwrap.wrap(question, LETTERS)]
    lines += [("file", line) for line in textwrap.wrap(ROOMS[room], LETTERS)]
    floor = floor_of(f"{room.replace('/', '.')}.x")
    if others := [other.removeprefix(f"{floor}/") for other in uses(room)]:
        lines += [("uses", line) for line in textwrap.wrap(f"uses {', '.join(others)}", LETTERS)]
    return lines


def floor_lines(floor: str, top: int) -> tuple[list[str], int]:
    """The drawing of one floor, and where it ends."""
    boxes = [box(room) for room in rooms_of(floor)]
    drawn: list[str] = []
    y = top + TITLE + PADDING
    for row in (boxes[at : at + COLUMNS] for at in range(0, len(boxes), COLUMNS)):
        height = max(map(len, row)) * LINE + 2 * PADDING
        for place, lines in enumerate(row):
            drawn += box_lines(lines, MARGIN + 130 + place * (BOX + GAP), y, height)
        y += height + GAP
    tall = y - top
    counts = Counter(
        floor_of(other)
        for module, others in imports().items()
        for other in others
        if floor_of(module) == floor != floor_of(other)
    )
    told = [f"imports {other}: {counts[other]}" for other in FLOORS if counts[other]]
    side = [("floor", floor), ("text", SAYS[floor]), *(("uses", line) for line in told)]
    band = f'<rect x="{MARGIN - 10}" y="{top}" width="{WIDTH - 2 * MARGIN + 20}" '
    drawn.insert(0, f'{band}height="{tall}" rx="8" fill="{FILL[floor]}"/>')
    for number, (kind, text) in enumerate(
        (kind, piece) for kind, whole in side for piece in textwrap.wrap(whole, 19)
    ):
        drawn.append(written(kind, text, MARGIN, top + TITLE + PADDING + 12 + number * 17))
    return drawn, top + tall + GAP


def box_lines(lines: list[tuple[str, str]], x: int, y: int, height: int) -> Iterator[str]:
    yield f'<rect x="{x}" y="{y}" width="{BOX}" height="{height}" rx="5" fill="#fff"/>'
    for number, (kind, text) in enumerate(lines):
        yield written(kind, text, x + PADDING, y + PADDING + 11 + number * LINE)


def written(kind: str, text: str, x: int, y: int) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{html.escape(text)}</text>'


def picture() -> str:
    """The whole SVG: the command line above, zoo/ below, each floor on those that it imports."""
    drawn, y = [], MARGIN
    for floor in reversed(FLOORS):
        lines, y = floor_lines(floor, y)
        drawn += lines
    style = (
        "text{font:11.5px system-ui,sans-serif;fill:#222}"
        ".name{font-weight:700}.floor{font-weight:700;font-size:16px}"
        ".file{fill:#555;font-family:ui-monospace,monospace;font-size:10px}"
        ".uses{fill:#8a4b00;font-size:10.5px}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img">'
    title = "<title>The floors and rooms of this project, and who imports whom</title>"
    back = f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>'
    return "\n".join([head, title, f"<style>{style}</style>", back, *drawn, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
