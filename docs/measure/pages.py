"""Puts stored figures into the pages that show them, between `<!-- begin FILE -->` and `end`."""

from __future__ import annotations

import re

from measure.record import DOCS
from zoo.base.files import write_text

ROOT = DOCS.parent
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
BLOCK = re.compile(r"<!-- begin (\S+) -->\n(.*?)<!-- end \1 -->", re.DOTALL)


def fill() -> None:
    """Puts every figure that is stored into the pages that show it."""
    for page in PAGES:
        text = page.read_text()
        filled = BLOCK.sub(_stored, text)
        if filled != text:
            write_text(page, filled)


def _stored(block: re.Match[str]) -> str:
    path = ROOT / block[1]
    shown = path.read_text() if path.is_file() else block[2]
    return f"<!-- begin {block[1]} -->\n{shown}<!-- end {block[1]} -->"
