"""Which file of a folder is a photograph, which its mask, and what is neither: told by names."""

from __future__ import annotations

import fnmatch
import shlex
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zoo.base.errors import DataError
from zoo.base.pictures import shown

IMAGE_ENDINGS = (
    *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif", "heic", "heif"),
    *("tif", "tiff", "bmp", "gif", "ppm", "pgm", "pbm", "pnm"),
)
MASK_ENDINGS = (*("png", "ppm", "pgm", "pbm", "pnm", "tif", "tiff", "bmp", "gif", "jpg", "jpeg"),)
# What systems and their programs leave beside one's files.
_LITTER = (
    *(".DS_Store", "._*", "__MACOSX", ".Spotlight-V100", ".Trashes", ".fseventsd", "Icon\r"),
    *("Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information"),
    *(".directory", ".Trash-*", "@eaDir", ".picasa.ini", ".ipynb_checkpoints", ".gitkeep"),
)
_LOOKED_AT = 500


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where photographs and masks lie in a folder, and what their names end in before the dot.

    images, masks: below the folder. What is left of a name without its suffix is its id.
    """

    images: str = "images"
    masks: str = "masks"
    image_suffix: str = ""
    mask_suffix: str = ""

    def __post_init__(self) -> None:
        for side in (self.images, self.masks):
            parts = PurePosixPath(side).parts
            if not parts or side.startswith("/") or ".." in parts or "\0" in side:
                raise DataError(f"{shown(side)!r} is no folder inside", expected="such as images")
        if self.images == self.masks and self.image_suffix == self.mask_suffix:
            raise DataError(
                f"photographs and masks both in {shown(self.images)}, with the same suffix",
                expected="two folders, or two suffixes",
                remedy="--mask-suffix SUFFIX, such as _mask",
            )

    @property
    def options(self) -> str:
        """As it is typed."""
        given = {
            "images": self.images,
            "masks": self.masks,
            "image-suffix": self.image_suffix,
            "mask-suffix": self.mask_suffix,
        }
        default = {"images": "images", "masks": "masks"}
        return " ".join(
            f"--{name} {shlex.quote(value)}"
            for name, value in given.items()
            if value != default.get(name, "")
        )


def is_litter(path: Path) -> bool:
    """Whether a system left it there, and nobody else cares for it."""
    return any(fnmatch.fnmatch(path.name.lower(), name.lower()) for name in _LITTER)


def near_suffixes(layout: Layout, images: Collection[str], masks: Collection[str]) -> Layout | None:
    """The suffixes under which most names would find each other; None where none help.

    images, masks: names without their endings, whatever they end in.
    """
    first = sorted(images)[: _LOOKED_AT // 10]
    votes: Counter[tuple[str, str]] = Counter()
    for image in first:
        for mask in sorted(masks)[:_LOOKED_AT]:
            common = _common(image, mask)
            # A hyphen that both have belongs to what differs: -org and -gt.
            common -= common > 1 and image[common - 1] in "-_. " and image != mask
            # What is left over must not be part of what tells names apart.
            if common and not any(part[:1].isdigit() for part in (image[common:], mask[common:])):
                votes[image[common:], mask[common:]] += 1
    paired = {
        ends: len(_ids(images, ends[0]) & _ids(masks, ends[1])) for ends, _ in votes.most_common(9)
    }
    best = max(paired, key=lambda ends: (paired[ends], votes[ends]), default=None)
    if best is None or paired[best] * 2 < min(len(images), len(masks)):
        return None
    return Layout(
        images=layout.images, masks=layout.masks, image_suffix=best[0], mask_suffix=best[1]
    )


def near_folder(wanted: str, there: Iterable[Path]) -> str | None:
    """A folder that lies there and is likely the one that is not: labels/ for masks/."""
    known = {
        "images": ("image", "images", "img", "imgs", "original", "photos", "jpegimages", "input"),
        "masks": ("mask", "masks", "label", "labels", "gt", "annotations", "segmentationclass"),
    }
    for path in sorted(there):
        if path.name.lower() in known.get(wanted, ()):
            inside = sorted(one for one in path.iterdir() if not is_litter(one))
            # Original/Training: there is nothing but folders in it.
            deeper = bool(inside) and all(one.is_dir() for one in inside)
            return f"{path.name}/{inside[0].name}" if deeper else path.name
    return None


def _common(one: str, other: str) -> int:
    """How many characters two names begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _ids(names: Collection[str], suffix: str) -> set[str]:
    return {name.removesuffix(suffix) for name in names if name.endswith(suffix)}
