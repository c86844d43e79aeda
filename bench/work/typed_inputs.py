"""`--input` and `--signature`: read as they were typed, and written again for a command to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from devices.records import RunRequest
from zoo.base.errors import ArtifactError
from zoo.base.pictures import shown
from zoo.runtime.feeds import Feed, read_values, sha256_of_values

if TYPE_CHECKING:
    from bench.work.subject import Subject

FORMS = "NAME=1x3x224x224, NAME=[8], NAME=FILE.npy, NAME=VALUE or NAME=LOW..HIGH"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the user said of one input; None where nothing. span: the range of noise, or twice the
    same constant."""

    shape: tuple[int, ...] | None = None
    file: Path | None = None
    span: tuple[float, float] | None = None
    constant: bool = False

    def allows(self, feed: Feed) -> bool:
        """Whether an input that was fed so is what was said. Raises ArtifactError for a file of
        values that cannot be read."""
        if self.shape not in (None, feed.shape):
            return False
        if self.file is not None:
            return feed.values == "file" and feed.sha256 == self._sha256
        told = (feed.low, feed.high), feed.values == "constant"
        return self.span is None or told == (self.span, self.constant)

    @cached_property
    def _sha256(self) -> str:
        assert self.file is not None
        return sha256_of_values(read_values(self.file))


def said(texts: Sequence[str]) -> dict[str, Said]:
    """By input. A shape and values may be given apart. Raises ArtifactError for what is neither."""
    found: dict[str, Said] = {}
    for text in texts:
        # A name may hold the sign, a value may not, and a path may.
        of_file = text.endswith(".npy")
        name, sign, value = text.partition("=") if of_file else text.rpartition("=")
        if not name or not sign or not value:
            raise _unreadable(text)
        before, now = found.get(name, Said()), _parsed(text, value)
        values_twice = (before.file or before.span) and (now.file or now.span)
        if values_twice or (now.shape is not None and before.shape is not None):
            raise ArtifactError(
                f"input {shown(name)} is given twice",
                expected="one shape and one kind of values for each input",
            )
        found[name] = Said(
            shape=now.shape if now.shape is not None else before.shape,
            file=now.file or before.file,
            span=now.span or before.span,
            constant=now.constant or before.constant,
        )
    return found


def _parsed(text: str, value: str) -> Said:
    if value.endswith(".npy"):
        return Said(file=Path(value))
    if re.fullmatch(r"\d{1,9}(?:x\d{1,9})+", value):
        return Said(shape=tuple(map(int, value.split("x"))))
    if match := re.fullmatch(r"\[(\d{1,9}(?:[,x]\d{1,9})*)?\]", value):
        return Said(shape=tuple(map(int, re.findall(r"\d+", match[1] or ""))))
    if re.fullmatch(_NUMBER, value):
        return Said(span=(float(value), float(value)), constant=True)
    if match := re.fullmatch(rf"({_NUMBER})\.\.({_NUMBER})", value):
        low, high = float(match[1]), float(match[2])
        if low < high:
            return Said(span=(low, high))
    raise _unreadable(text)


def _unreadable(text: str) -> ArtifactError:
    return ArtifactError(
        f"{shown(text)} says nothing of an input",
        expected=f"one of {FORMS}",
        remedy="docs/measuring.md, Model files of your own",
    )


def written(given: Mapping[str, Said], signature: str | None = None) -> list[str]:
    """The options that say it again, quoted for a shell."""
    chosen = [f"--signature {typed(signature)}"] if signature else []
    return [*chosen, *(f"--input {typed(text)}" for text in _texts(given))]


def written_of(request: RunRequest, folder: Path | str) -> list[str]:
    """The options by which a stored session of a file is fed the same again; none where the program
    that ran it made the values. folder: where values of files are kept."""
    feeds = [feed for feed in request.inputs if feed.values != "program"]
    return written({feed.name: _said_of(feed, Path(folder)) for feed in feeds}, request.signature)


def ways_to_run(asked: RunRequest | Subject) -> list[str]:
    """The options of how a file is run, but for what is taken without them."""
    words = [f"--runtime {asked.runtime}"]
    words += [f"--precision {asked.precision}"] if asked.origin == "zoo" else []
    return words + ([f"--threads {asked.threads}"] if asked.threads != 1 else [])


def size_text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"[{','.join(map(str, shape))}]"


def typed(text: object) -> str:
    """One word of a shell."""
    return shlex.quote(shown(text))


def typed_file(path: Path) -> str:
    """The same of a path: one that begins with a dash is no option."""
    return typed(f"./{path}" if str(path).startswith("-") else path)


def _said_of(feed: Feed, folder: Path) -> Said:
    if feed.values == "file":
        return Said(file=folder / f"{feed.sha256}.npy")
    assert feed.low is not None
    assert feed.high is not None
    return Said(shape=feed.shape, span=(feed.low, feed.high), constant=feed.values == "constant")


def _texts(given: Mapping[str, Said]) -> list[str]:
    """As `said` reads them."""
    texts = []
    for name, one in given.items():
        parts = [] if one.shape is None else [size_text(one.shape)]
        parts += [] if one.file is None else [str(one.file)]
        if one.span is not None:
            low, high = map(_number_text, one.span)
            parts.append(low if one.constant else f"{low}..{high}")
        texts += [f"{name}={part}" for part in parts]
    return texts


def _number_text(value: float) -> str:
    """The shortest that reads as the same number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
