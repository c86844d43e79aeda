"""Text within the width of the terminal. In a pipe no line is broken, so that programs can search
it."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

NARROWEST = 40
# A name, then at least two spaces: what follows is broken under itself.
_NAMED = re.compile(r" *\S+(?: \S+)* {2,}(?=\S)")


def width(stream: TextIO | None = None) -> int | None:
    """Of the terminal behind the stream, by default standard output; None in a pipe."""
    if not (stream or sys.stdout).isatty():
        return None
    return max(shutil.get_terminal_size().columns, NARROWEST)


def fitted(text: str, stream: TextIO | None = None) -> str:
    """Long lines broken at spaces. No word is broken: a path stays whole, to be copied."""
    most = width(stream)
    if most is None:
        return text
    return "\n".join(line for long in text.split("\n") for line in _broken(long, most))


def next_steps(commands: Sequence[str]) -> str:
    """The last lines of a command: what to type now, a line each."""
    return "\n".join(
        f"{'next:' if first else '     '} {command}"
        for first, command in zip([True, *[False] * len(commands)], commands, strict=False)
    )


def _broken(line: str, most: int) -> list[str]:
    if len(line) <= most:
        return [line]
    named = _NAMED.match(line)
    under = named.end() if named else len(line) - len(line.lstrip()) + 2
    return textwrap.wrap(
        line,
        most,
        subsequent_indent=" " * (under if under <= most // 2 else 4),
        break_long_words=False,
        break_on_hyphens=False,
    )
