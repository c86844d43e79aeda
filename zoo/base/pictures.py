"""Opens image files that nobody vouches for: whatever is wrong with one becomes one DataError."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from zoo.base.errors import DataError

MEGAPIXELS = 50
FILE_BYTES = 256 * 2**20
RETOUCH = "magick FILE -auto-orient -colorspace sRGB -depth 8 -type TrueColor NEW.png"
_ORIENTATION = 0x0112
# What PIL and its plugins were seen to raise on mutated files, and what else its code can.
_BROKEN = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A decoded image, and what its header said that the pixels no longer do."""

    image: Image.Image
    format: str
    frames: int
    orientation: int
    sixteen_bits: bool


def decode(encoded: bytes, source: str, formats: tuple[str, ...]) -> Picture:
    """The first frame of an encoded image, its size checked before a pixel is decoded.

    source: names the file in errors. formats: PIL's names. Raises DataError on any bytes that are
    not a whole image of at most 50 megapixels.
    """
    try:
        with decoding(source):
            image = Image.open(io.BytesIO(encoded), formats=formats)
    except UnidentifiedImageError:
        begins = f"begins with {encoded[:16]!r}" if encoded else "is empty"
        raise DataError(
            f"{source}: cannot be read: no {' or '.join(formats)} image, it {begins}",
            expected=f"a file in one of the formats {', '.join(formats)}",
            remedy="replace it by the whole file",
        ) from None
    if image.width * image.height > MEGAPIXELS * 10**6:
        raise _too_large(source, f"{image.width}x{image.height}")
    sixteen_bits = _has_sixteen_bits(image)
    with decoding(source):
        frames = getattr(image, "n_frames", 1)
        image.load()
        # After load: a PNG may hold its EXIF data behind its pixels.
        turn = image.getexif().get(_ORIENTATION, 1)
    return Picture(
        image=image,
        format=str(image.format),
        frames=frames,
        orientation=turn if turn in range(1, 9) else 1,
        sixteen_bits=sixteen_bits,
    )


@contextmanager
def decoding(source: str) -> Iterator[None]:
    """Turns whatever PIL raises on a broken file into a DataError, and keeps its warnings quiet.

    For calls into PIL alone: a mistake of ours inside it would be blamed on the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(source, f"over {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels") from None
    except _BROKEN as error:
        raise DataError(
            f"{source}: cannot be read: {shown(error) or type(error).__name__}",
            expected="a whole, sound image file",
            remedy="replace it by the whole file",
        ) from error


def read_regular(path: Path, *, follow: bool = False) -> bytes:
    """The content of a file that `check_regular` lets pass; raises DataError naming the file."""
    check_regular(path, follow=follow)
    with _accessing(path):
        return path.read_bytes()


def check_regular(path: Path, *, follow: bool = False) -> None:
    """Raises DataError unless it is a regular file: nothing that hangs, never ends, leads away.

    follow: judge what a symbolic link points to.
    """
    with _accessing(path):
        status = path.stat() if follow else path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise DataError(
            f"{shown(path)}: is {_kind(status.st_mode)}",
            expected="a regular file",
            remedy="put a copy of the file itself in its place, or remove it",
        )
    if status.st_size > FILE_BYTES:
        raise DataError(
            f"{shown(path)}: {status.st_size / 2**20:.0f} MiB",
            expected=f"at most {FILE_BYTES // 2**20} MiB",
            remedy="save it again as JPEG or PNG",
        )


@contextmanager
def _accessing(path: Path) -> Iterator[None]:
    expected = "a file that can be read"
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{shown(path)} does not exist", expected=expected) from None
    except OSError as error:
        raise DataError(f"{shown(path)}: {error.strerror}", expected=expected) from error
    except ValueError as error:
        # A path that holds a NUL.
        raise DataError(f"{shown(path)}: {error}", expected=expected) from error


def shown(value: object) -> str:
    """As text, escaped where it holds characters that would act on the terminal."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def _has_sixteen_bits(image: Image.Image) -> bool:
    """PIL keeps only the high byte of 16-bit colours; what it reads them from still tells."""
    words: list[object] = []
    for tile in getattr(image, "tile", []):
        _, _, _, arguments = tile
        words += arguments if isinstance(arguments, tuple) else [arguments]
    deep = any(isinstance(w, str) and ";16" in w for w in words)
    return deep or any(isinstance(w, int) and w > 255 for w in words) or image.mode in ("I", "F")


def _kind(mode: int) -> str:
    named = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return named.get(stat.S_IFMT(mode), "a device")


def _too_large(source: str, size: str) -> DataError:
    return DataError(
        f"{source}: {size} is too large",
        expected=f"at most {MEGAPIXELS} megapixels",
        remedy="magick FILE -resize 4096x4096 NEW.png",
    )
