"""Text within the width of the terminal. In a pipe no line is broken, so that programs can search
it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

NARROWEST = 40
# Names with at least two spaces after each: what follows is broken under itself.
_NAMED = re.compile(r" *(?:\S+(?: \S+)* {2,})+(?=\S)")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
# An interval in brackets is one word.
_WORD = re.compile(r"\[[^\]]*\]\S*|\S+")


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
    if len(_STYLE.sub("", line)) <= most:
        return [line]
    named = _NAMED.match(line)
    start = named[0] if named else line[: len(line) - len(line.lstrip())]
    under = len(start) if named else len(start) + 2
    return wrapped(words(line[len(start) :]), most, start, " " * (under if under < most / 2 else 4))


def wrapped(words: Sequence[str], most: int, start: str = "", under: str = "") -> list[str]:
    """Lines of so many characters at most, the first after `start`, the others after `under`. A
    longer word stays whole."""
    lines, first = [start], True
    for word in words:
        if first:
            lines[-1] += word
        elif len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(under + word)
        first = False
    return lines


def words(text: str) -> list[str]:
    """What is not to be broken."""
    return _WORD.findall(text)
