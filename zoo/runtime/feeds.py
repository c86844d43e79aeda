"""What is fed to a model file: the shape, type, range and values of each of its inputs."""

from __future__ import annotations

import hashlib
import io
import math
import shlex
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from zoo.base.errors import ArtifactError
from zoo.base.files import replacing, sha256_of
from zoo.base.pictures import shown

# Of one input.
MOST_BYTES = 2**30
# numpy's own limit, and what stands before it.
HEADER_BYTES = 10_000 + 16
EXPECTED = "an array of numbers that numpy.save wrote"
# What numpy's reader of headers was seen to raise, and what else its code can.
_BROKEN = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
    Warning,
)


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
    content = _content(values)
    sha256 = hashlib.sha256(content).hexdigest()
    with replacing(folder / f"{sha256}.npy") as temporary:
        temporary.write_bytes(content)
    return sha256


def sha256_of_values(values: NDArray[Any]) -> str:
    """The hash under which `keep` stores them."""
    return hashlib.sha256(_content(values)).hexdigest()


def _content(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(values), allow_pickle=False)
    return stream.getvalue()


def _stored(feed: Feed, folder: Path) -> NDArray[Any]:
    path = folder / f"{feed.sha256}.npy"
    if not path.is_file() or sha256_of(path) != feed.sha256:
        raise ArtifactError(
            f"{path}, the values of input {shown(feed.name)}, is gone or was changed",
            expected=f"a file of SHA-256 {feed.sha256}",
            remedy=f"give it again: --input {shlex.quote(feed.name)}=FILE.npy",
        )
    return read_values(path)


def read_values(path: Path) -> NDArray[Any]:
    """An array of numbers in numpy's format, in this machine's byte order. Nothing in it is
    executed, and nothing is allocated that the file does not hold. Raises ArtifactError."""
    try:
        if not path.is_file():
            raise ArtifactError(f"{shown(path)} is no file", expected=EXPECTED)
        with path.open("rb") as stream, warnings.catch_warnings():
            # Of Python 2, or of a type that is going to be removed.
            warnings.simplefilter("error")
            shape, fortran, dtype, start = _header(stream)
            if dtype.kind not in "fiub":
                raise ArtifactError(f"{shown(path)} holds {shown(dtype)}", expected=EXPECTED)
            _refuse_size(path, bytes_of(shape, dtype), path.stat().st_size - start)
            stream.seek(start)
            values = np.fromfile(stream, dtype, math.prod(shape))
            values = values.reshape(shape, order="F" if fortran else "C")
    except _BROKEN as error:
        raise ArtifactError(
            f"{shown(path)} cannot be read: {shown(str(error)[:200] or type(error).__name__)}",
            expected=EXPECTED,
            remedy="numpy.save(path, array), of an array of numbers",
        ) from error
    if dtype.kind == "b":
        # A byte of them may hold anything.
        return np.asarray(values.view(np.uint8) != 0)
    return np.asarray(values, dtype.newbyteorder("="))


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether columns come first, type, and where the values begin. Version 3 is for names
    that numbers do not have."""
    first = io.BytesIO(stream.read(HEADER_BYTES))
    version = np.lib.format.read_magic(first)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(first)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(first)
    else:
        raise ValueError(f"version {version[0]}.{version[1]}")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"shape {shape}")
    return shape, fortran, dtype, first.tell()


def _refuse_size(path: Path, needed: int, held: int) -> None:
    """Raises ArtifactError for values of too much, or of more than the file holds."""
    if needed > MOST_BYTES:
        raise ArtifactError(
            f"{shown(path)} cannot be read: it says that it holds {needed // 2**20} MiB",
            expected=f"at most {MOST_BYTES // 2**20} MiB for one input",
        )
    if needed > held:
        raise ArtifactError(
            f"{shown(path)} cannot be read: it holds {held} of {needed} bytes",
            expected=EXPECTED,
            remedy="numpy.save(path, array), of an array of numbers",
        )


def bytes_of(shape: Sequence[int], dtype: str | np.dtype[Any]) -> int:
    """Of an input's values."""
    return math.prod(shape) * np.dtype(dtype).itemsize
