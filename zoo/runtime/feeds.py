"""What is fed to a model file: the shape, type, range and values of each of its inputs."""

from __future__ import annotations

import hashlib
import io
import math
import shlex
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of
from zoo.base.pictures import shown

# Of one input.
MOST_BYTES = 2**30


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One input as it is fed.

    values: noise between low and high; a constant, which both are; those of a file, whose finite
    values lie between them; or what the program that owns the loop made by itself, of unknown
    range. dtype: numpy's name. sha256: of the file of values, `inputs/SHA256.npy`.
    """

    # For the records that hold it: nothing unknown passes unseen.
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "allow_inf_nan": False}

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: Literal["noise", "constant", "file", "program"]
    low: float | None = None
    high: float | None = None
    sha256: str | None = None

    @property
    def text(self) -> str:
        """As it is shown: `x 1x3x224x224 float32, noise 0..1`."""
        size = "x".join(map(str, self.shape)) or "scalar"
        return f"{shown(self.name)} {size} {self.dtype}, {self._values_text}"

    @property
    def _values_text(self) -> str:
        span = "of no finite value" if self.low is None else f"{self.low:g}..{self.high:g}"
        match self.values:
            case "noise":
                return f"noise {span}"
            case "constant":
                return f"{self.low:g} everywhere"
            case "file":
                return f"values {span} of the file {(self.sha256 or '')[:12]}"
            case "program":
                return "values made by the program that ran it"


def arrays(feeds: Sequence[Feed], seed: int, folder: Path) -> list[NDArray[Any]]:
    """The values, in order; folder: where files of values are kept. Raises ArtifactError where one
    is gone or another."""
    generator = np.random.default_rng(seed)
    return [_array(feed, generator, folder) for feed in feeds]


def _array(feed: Feed, generator: np.random.Generator, folder: Path) -> NDArray[Any]:
    dtype = np.dtype(feed.dtype)
    if feed.values == "file":
        return _stored(feed, folder)
    assert feed.low is not None
    assert feed.high is not None
    if feed.values == "constant":
        return np.full(feed.shape, feed.low, dtype)
    if dtype.kind == "f":
        # The levels of a picture, of which none is denormal.
        levels = generator.integers(0, 256, feed.shape, dtype=np.uint8) / np.float32(255)
        return (levels * np.float32(feed.high - feed.low) + np.float32(feed.low)).astype(dtype)
    low, high = int(feed.low), int(feed.high)
    if dtype.kind == "b":
        return generator.integers(low, high, feed.shape, endpoint=True).astype(dtype)
    return generator.integers(low, high, feed.shape, dtype, endpoint=True)


def keep(values: NDArray[Any], folder: Path) -> str:
    """Store values under their hash, which is returned."""
    content = io.BytesIO()
    np.save(content, np.ascontiguousarray(values), allow_pickle=False)
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    with replacing(folder / f"{sha256}.npy") as temporary:
        temporary.write_bytes(content.getvalue())
    return sha256


def _stored(feed: Feed, folder: Path) -> NDArray[Any]:
    path = folder / f"{feed.sha256}.npy"
    if not path.is_file() or sha256_of(path) != feed.sha256:
        raise ArtifactError(
            f"{path}, the values of input {shown(feed.name)}, is gone or was changed",
            expected=f"a file of SHA-256 {feed.sha256}",
            remedy=f"give it again: --input {shlex.quote(feed.name)}=FILE.npy",
        )
    return read_values(path)


# What numpy raises of headers that are no headers; it parses them as Python would.
_OF_BROKEN_FILES = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    EOFError,
    MemoryError,
    OverflowError,
    tokenize.TokenError,
)


def read_values(path: Path) -> NDArray[Any]:
    """An array of numbers in numpy's format; nothing in it is executed. Raises ArtifactError."""
    expected = "an array of numbers that numpy.save wrote"
    try:
        if not path.is_file():
            raise ArtifactError(f"{shown(path)} is no file", expected=expected)
        # Mapped: its header may promise more than the file holds.
        values = np.lib.format.open_memmap(path, mode="r")
    except _OF_BROKEN_FILES as error:
        raise ArtifactError(
            f"{shown(path)} cannot be read: {shown(error)}",
            expected=expected,
            remedy="numpy.save(path, array), of an array of numbers",
        ) from error
    if values.dtype.kind not in "fiub":
        raise ArtifactError(f"{shown(path)} holds {values.dtype}", expected=expected)
    if values.nbytes > MOST_BYTES:
        raise ArtifactError(
            f"{shown(path)} holds {values.nbytes / 2**20:.0f} MiB",
            expected=f"at most {MOST_BYTES // 2**20} MiB for one input",
        )
    return np.array(values)


def bytes_of(shape: Sequence[int], dtype: str) -> int:
    """Of an input's values."""
    return math.prod(shape) * np.dtype(dtype).itemsize
