"""Every command that the tool prints for its users to type is one that it takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest
from click.exceptions import MissingParameter, NoSuchOption

from bench.cli import cli

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "devices", "reports", "train", "zoo")
# What stands for a value that is filled in.
VALUE = "VALUE"
# Where one command ends in a sentence and something else begins.
BREAK = re.compile(r",? (?:then|or|and|says|shows|tells) |[;()]|[:,] |$|\n| \|")


def texts(tree: ast.AST) -> Iterator[str]:
    """Each string but docstrings and parts of longer ones, with VALUE for what is filled in."""
    apart = {part for node in ast.walk(tree) for part in parts(node)}
    for node in ast.walk(tree):
        if node in apart:
            continue
        if isinstance(node, ast.JoinedStr):
            filled = [p.value if isinstance(p, ast.Constant) else VALUE for p in node.values]
            yield "".join(map(str, filled))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def parts(node: ast.AST) -> list[ast.AST]:
    """Of a node the strings that are no text by themselves."""
    match node:
        case ast.JoinedStr():
            return [part for part in ast.walk(node) if part is not node]
        case ast.Expr() | ast.Assign():
            return [node.value]
        case ast.List():
            return list(node.elts)
        case ast.Call(func=ast.Attribute(attr="startswith")):
            return list(node.args)
    return []


def printed() -> dict[str, str]:
    """Commands, and a file that prints each. A command's bare name counts where it is all that is
    to be typed."""
    found = {}
    for path in sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py")):
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            for match in re.finditer(r"\bbench [a-z]", text):
                rest = text[match.start() :]
                end = BREAK.search(rest)
                assert end is not None
                words = rest[: end.start()].strip(" .`")
                typed = words == text or text[: match.start()].lower().endswith("next: ")
                if typed or "-" in words:
                    found[words] = path.relative_to(ROOT).as_posix()
    return found


def parsed(text: str) -> tuple[click.Command, list[str]] | None:
    """The command and its words; None where this is a sentence about it, or fills in unknown
    words."""
    try:
        words = shlex.split(text)[1:]
    except ValueError:
        return None
    command: click.Command | None = cli
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(cli), words[0])
        words = words[1:]
    if command is None or isinstance(command, click.Group) or "--help" in words:
        return None
    unknown = any(
        re.fullmatch(rf"[a-z]+|.*{VALUE}.*", word) and not last.startswith("-")
        for last, word in pairwise(["", *words])
    )
    return None if unknown else (command, words)


@pytest.mark.parametrize(("text", "file"), printed().items())
def test_it_is_taken(text: str, file: str) -> None:
    found = parsed(text)
    if found is None:
        return
    command, words = found
    try:
        context = command.make_context(command.name, words)
    except (MissingParameter, NoSuchOption) as error:
        pytest.fail(f"{file} prints {text!r}: {error.format_message()}")
    except click.UsageError:
        # VALUE is not one of an option's own.
        return
    # These take a model or a file, and ask for one themselves.
    if text.split()[1] in ("run", "eval"):
        asked = ("models", "files", "names", "what")
        assert any(context.params.get(name) for name in asked), f"{file} prints {text!r}"
