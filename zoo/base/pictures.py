"""Opens image files that nobody vouches for: whatever is wrong with one becomes one DataError."""

from __future__ import annotations

import io
import re
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
from zoo.base.formats import for_photographs, no_image, opened

# The largest sensors of phones give 200 million pixels. A JPEG of over 100 is decoded at half its
# size: what a network sees of it is a few hundred pixels wide.
MEGAPIXELS = 200
HALVED_FROM_MEGAPIXELS = 100
# PIL refuses twice this, before our own check of the header would.
Image.MAX_IMAGE_PIXELS = MEGAPIXELS * 10**6
FILE_BYTES = 256 * 2**20
# For photographs alone: it would flatten the labels of a mask.
RETOUCH = (
    'python -c "from PIL import Image; '
    "Image.open('FILE').point(lambda level: level / 256).convert('L').save('NEW.png')\""
)
SHRINK = (
    'python -c "from PIL import Image; Image.MAX_IMAGE_PIXELS = None; '
    "Image.open('FILE').resize((WIDTH, HEIGHT), FILTER).save('NEW.png')\""
)
ORIENTATION = 0x0112
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
    """A decoded image, and what its header said that the pixels no longer do.

    size: width and height before a large JPEG was halved. highest: what white, or the largest
    grey, is in the file itself; 255 for 8 bits. reversed: 0 is white there.
    """

    image: Image.Image
    format: str
    frames: int
    orientation: int
    size: tuple[int, int]
    highest: int
    reversed: bool

    @property
    def sixteen_bits(self) -> bool:
        return self.highest > 255

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height once it is turned by its EXIF orientation."""
        width, height = self.size
        return (height, width) if self.orientation > 4 else (width, height)


def decode(encoded: bytes, source: str, formats: tuple[str, ...]) -> Picture:
    """The first frame of an encoded image, its size checked before a pixel is decoded.

    source: names the file in errors. formats: PIL's names; those of photographs come with WEBP.
    Raises DataError on any bytes that are not a whole image of at most 200 megapixels.
    """
    names = opened(encoded, source, formats)
    try:
        with decoding(source):
            image = Image.open(io.BytesIO(encoded), formats=names)
    except UnidentifiedImageError:
        raise no_image(encoded, source, formats) from None
    size = image.size
    if size[0] * size[1] > MEGAPIXELS * 10**6:
        raise _too_large(source, size, mask=not for_photographs(formats))
    highest, is_reversed = _samples(image)
    with decoding(source):
        frames = getattr(image, "n_frames", 1)
        if for_photographs(formats) and size[0] * size[1] > HALVED_FROM_MEGAPIXELS * 10**6:
            image.draft(None, (size[0] // 2, size[1] // 2))
        image.load()
        # After load: a PNG may hold its EXIF data behind its pixels.
        turn = image.getexif().get(ORIENTATION, 1)
    return Picture(
        image=image,
        format=str(image.format),
        frames=frames,
        orientation=turn if turn in range(1, 9) else 1,
        size=size,
        highest=highest,
        reversed=is_reversed,
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
        raise _too_large(source, None) from None
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


def _samples(image: Image.Image) -> tuple[int, bool]:
    """`highest` and `reversed` of a Picture: PIL scales samples to 8 or 16 bits while it decodes,
    and what it is going to read them from still tells."""
    deep = image.mode[0] in "IF"
    for codec, _, _, arguments in getattr(image, "tile", []):
        words = arguments if isinstance(arguments, tuple) else (arguments,)
        raw = next((word for word in words if isinstance(word, str)), image.mode)
        if codec.startswith("ppm") and isinstance(words[-1], int):
            return words[-1], False
        if image.mode == "1":
            return 1, image.format == "PPM" or raw.startswith("1;I")
        if few := re.fullmatch(r"L;([24])(I?)R?", raw):
            return 2 ** int(few[1]) - 1, bool(few[2])
        deep = deep or (";16" in raw and not raw.startswith("BGR"))
    return (65535 if deep else 255), False


def _kind(mode: int) -> str:
    named = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return named.get(stat.S_IFMT(mode), "a device")


def _too_large(source: str, size: tuple[int, int] | None, *, mask: bool = False) -> DataError:
    """Of an image over the bound. mask: it holds labels, which must not be mixed."""
    width, height = size or (0, 0)
    factor = (MEGAPIXELS * 10**6 / 4 / max(width * height, 1)) ** 0.5
    command = SHRINK.replace("WIDTH", str(max(round(width * factor), 1)))
    command = command.replace("HEIGHT", str(max(round(height * factor), 1)))
    command = command.replace("FILTER", "Image.NEAREST" if mask else "Image.LANCZOS")
    return DataError(
        f"{source}: {f'{width}x{height}' if size else 'it'} is too large",
        expected=f"at most {MEGAPIXELS} megapixels",
        remedy=command if size else "replace it by a smaller one",
    )
