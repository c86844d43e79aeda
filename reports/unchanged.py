"""Whether a report that was written is still that of what is stored: then it is not written again.

A report follows from the files of its homes and from the code alone. Their names, sizes and times
of change are kept beside it, with those of its own files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

import bench
import reports
import zoo
from zoo.base.files import sha256_of_json, write_text
from zoo.base.frozen import Frozen
from zoo.home import Home

NAME = ".made_from.json"


class Said(Frozen):
    """What a report printed, and the commands that it named next."""

    text: str
    next: tuple[str, ...]


class MadeFrom(Frozen):
    """inputs, outputs: hashes of the state of the files."""

    inputs: str
    outputs: str
    said: Said


def inputs_of(homes: Sequence[Home], asked: Sequence[str | None]) -> str:
    """The state of all that a report of `homes` is made from, and what else was asked for."""
    folders = [path for h in homes for path in (h.results, h.artifacts, h.checkpoints, h.imported)]
    # What is told of a data set depends on whether it is there.
    there = [h.datasets for h in homes]
    code = [Path(module.__path__[0]) for module in (bench, reports, zoo)]
    return sha256_of_json([*asked, there, _state(folders), _state(code, _is_code)])


def said_in(folder: Path, inputs: str) -> Said | None:
    """What the report in `folder` said, None where it is missing or of another state."""
    try:
        made = MadeFrom.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return None
    return made.said if (made.inputs, made.outputs) == (inputs, _state([folder])) else None


def keep(folder: Path, inputs: str, said: Said) -> None:
    """Beside the report that was just written to `folder`."""
    made = MadeFrom(inputs=inputs, outputs=_state([folder]), said=said)
    write_text(folder / NAME, made.model_dump_json())


def _is_code(path: bytes) -> bool:
    """In a clone, reports are written to the folder of the code that writes them."""
    return path.endswith(b".py") or b"/templates/" in path


def _state(folders: Iterable[Path], counts: Callable[[bytes], bool] = bool) -> str:
    """A hash of name, size and time of change of every file that counts."""
    state = hashlib.sha256()
    for folder in folders:
        for path, line in _files(os.fsencode(folder)):
            if counts(path):
                state.update(line)
        state.update(b"\0\0")
    return state.hexdigest()


def _files(folder: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each path, and what is told of it. Hidden files are the tool's: this one, locks, an index."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(b".") or entry.name.endswith(b".pyc"):
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.is_file():
                with contextlib.suppress(FileNotFoundError):
                    seen = entry.stat()
                    told = b"%s\0%d %d\0" % (entry.path, seen.st_size, seen.st_mtime_ns)
                    yield entry.path, told
