"""Which formats photographs come in, and what to say where a file is in none of them."""

from __future__ import annotations

from PIL import Image

from zoo.base.errors import DataError

# Where WebP is read there are photographs, which come in these formats, too. They stand here and
# not in zoo.preprocess, whose hash decides whether files are exported again. A JPEG with a second
# picture in it (depth, gain map) is opened as JPEG by PIL itself.
_PHOTOGRAPHS = ("AVIF", "TIFF", "BMP", "GIF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def for_photographs(formats: tuple[str, ...]) -> bool:
    """Whether these are asked for by a reader of photographs, and not of masks."""
    return "WEBP" in formats


def opened(encoded: bytes, source: str, formats: tuple[str, ...]) -> tuple[str, ...]:
    """PIL's names of all that may be opened where these are asked for; raises DataError for HEIC
    where the extra that reads it is missing."""
    if not for_photographs(formats):
        return formats
    # The AVIF of some writers begins alike.
    brands = encoded[8:64]
    if encoded[4:8] == b"ftyp" and brands[:4] in _HEIC_BRANDS and b"avif" not in brands:
        _learn_heic(source)
        return (*formats, *_PHOTOGRAPHS, "HEIF")
    return (*formats, *_PHOTOGRAPHS)


def _learn_heic(source: str) -> None:
    """Teaches PIL to read HEIC, once; raises DataError where the extra is not installed."""
    if "HEIF" in Image.OPEN:
        return
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise DataError(
            f"{source}: a HEIC photograph, as iPhones write them",
            expected="the extra `heic`, or a JPEG",
            remedy="pip install 'mobile-segmentation-zoo[heic]', or convert it to JPEG",
        ) from None
    pillow_heif.register_heif_opener()


def no_image(encoded: bytes, source: str, formats: tuple[str, ...]) -> DataError:
    """Of bytes that are no image in one of PIL's `formats`."""
    begins = f"begins with {encoded[:16]!r}" if encoded else "is empty"
    photograph = for_photographs(formats)
    listed = [*formats, *_PHOTOGRAPHS, "HEIC"] if photograph else formats
    kind = "JPEG" if photograph else "PNG"
    return DataError(
        f"{source}: cannot be read: no {' or '.join(listed)} image, it {begins}",
        expected=f"a file in one of the formats {', '.join(listed)}",
        remedy=f"convert it to {kind}, or replace it by the whole file",
    )
