"""What the colours or indices of a mask mean: hair, face, background."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from train.data.dataset import CLASSES, PALETTE
from zoo.base.errors import DataError
from zoo.base.pictures import RETOUCH, Picture, decode, decoding, shown
from zoo.preprocess import UInt8

Colour = tuple[int, int, int]
# A colour, or the index of a palette, or an 8-bit grey level.
Key = Colour | int
_UNKNOWN = 255
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """How masks say what is hair. With `background` given, nothing but the three may occur."""

    hair: Key
    face: Key | None = None
    background: Key | None = None

    @classmethod
    def parse(cls, hair: str | None, face: str | None) -> Labelling:
        """From `--hair` and `--face`; the LFW colours where neither is given."""
        if hair is None:
            if face is None:
                return LFW
            raise DataError("--face without --hair", remedy="--hair COLOUR|INDEX as well")
        keys = _key("--hair", hair), None if face is None else _key("--face", face)
        if face is not None and (keys[0] == keys[1] or type(keys[0]) is not type(keys[1])):
            raise DataError(
                f"--hair {shown(hair)} and --face {shown(face)}",
                expected="two different colours, or two different indices",
            )
        return cls(hair=keys[0], face=keys[1])

    @property
    def by_index(self) -> bool:
        return isinstance(self.hair, int)

    def keys(self) -> dict[str, Key]:
        """Class name to key, of those that are looked for."""
        named = {"hair": self.hair, "face": self.face, "background": self.background}
        return {name: key for name, key in named.items() if key is not None}

    @property
    def options(self) -> str:
        """As it is typed."""
        return " ".join(f"--{name} {_text(key)}" for name, key in self.keys().items())

    def __str__(self) -> str:
        return ", ".join(f"{name} {_text(key)}" for name, key in self.keys().items())


LFW = Labelling(background=PALETTE[0], hair=PALETTE[1], face=PALETTE[2])


class Census:
    """Counts the colours of masks until each label that was asked for has been met once.

    A label that no mask of a data set holds is most likely a mistyped one.
    """

    def __init__(self, labelling: Labelling) -> None:
        asked = {} if labelling.background is not None else labelling.keys()
        self._unmet = dict(asked)
        self._counts: Counter[Key] = Counter()

    def add(self, values: NDArray[np.uint32], indices: UInt8, by_index: bool) -> None:
        for name in [n for n in self._unmet if (indices == CLASSES[n]).any()]:
            del self._unmet[name]
        if self._unmet:
            found, counts = np.unique(values, return_counts=True)
            for place in np.argsort(-counts)[:16].tolist():
                value = int(found[place])
                self._counts[value if by_index else _unpacked(value)] += int(counts[place])

    def check(self, source: str) -> None:
        """Raises DataError for a label that no mask had, with what was seen most instead."""
        total = self._counts.total()
        for name, key in self._unmet.items():
            if total:
                most = [f"{_text(k)} ({n / total:.1%})" for k, n in self._counts.most_common(6)]
                raise DataError(
                    f"{source}: no mask has a pixel of {name} {_text(key)}; "
                    f"seen most: {', '.join(most)}",
                    expected=f"the colour or index of {name} in the masks",
                    remedy=f"--{name} with one of those seen",
                )


def read_labels(encoded: bytes, source: str, labelling: Labelling, census: Census) -> UInt8:
    """Class indices [H, W] from an encoded mask; raises DataError naming `source`."""
    if encoded.startswith(_JPEG):
        raise DataError(
            f"{source}: a JPEG mask, whose colours are smeared",
            expected="a PNG or PPM mask, as it was drawn",
            remedy="export the mask again as PNG",
        )
    picture = decode(encoded, source, ("PNG", "PPM"))
    if (wrong := _unfit(picture)) is not None:
        raise DataError(
            f"{source}: {wrong}",
            expected="one upright mask, 8 bits a channel, opaque: RGB, grey or palette",
            remedy=RETOUCH,
        )
    values = _values(picture.image, source, labelling)
    indices = _indices(values, source, labelling)
    census.add(values, indices, labelling.by_index)
    return indices


def _key(option: str, text: str) -> Key:
    if re.fullmatch(r"[0-9]{1,3}", text) and int(text) < 256:
        return int(text)
    parts = re.fullmatch(r"([0-9]{1,3}), ?([0-9]{1,3}), ?([0-9]{1,3})", text)
    try:
        colour = tuple(map(int, parts.groups())) if parts else ImageColor.getrgb(text)
    except ValueError:
        colour = ()
    if len(colour) != 3 or max(colour) > 255:
        raise DataError(
            f"{option} {shown(text[:80])}: neither a colour nor an index",
            expected="'#ff0000', 255,0,0, a name such as red, or an index from 0 to 255",
        )
    red, green, blue = colour
    return red, green, blue


def _unfit(picture: Picture) -> str | None:
    image = picture.image
    if picture.frames > 1:
        return f"{picture.frames} pictures in one file"
    if picture.sixteen_bits:
        return "a mask of 16 bits a channel"
    if picture.orientation != 1:
        return f"turned by its EXIF orientation {picture.orientation}"
    if image.mode not in ("1", "L", "P", "RGB", "RGBA", "LA"):
        return f"a mask of mode {image.mode}"
    if image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema() != (255, 255):
        return "a mask that is partly transparent"
    return None


def _values(mask: Image.Image, source: str, labelling: Labelling) -> NDArray[np.uint32]:
    """[H, W] of what tells classes apart: the index, or the colour as 0xRRGGBB."""
    if not labelling.by_index:
        with decoding(source):
            rgb = np.asarray(mask.convert("RGB"), dtype=np.uint32)
        return np.asarray(rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2], dtype=np.uint32)
    if mask.mode not in ("1", "L", "P"):
        raise DataError(
            f"{source}: has colours (mode {mask.mode}), and --hair {labelling.hair} is an index",
            expected="a palette or 8-bit grey mask, or a colour",
            remedy="name the colour of hair in the masks, such as --hair '#ff0000'",
        )
    return np.asarray(mask).astype(np.uint32)


def _indices(values: NDArray[np.uint32], source: str, labelling: Labelling) -> UInt8:
    rest = CLASSES["background"] if labelling.background is None else _UNKNOWN
    indices = np.full(values.shape, rest, dtype=np.uint8)
    for name, key in labelling.keys().items():
        indices[values == (key if isinstance(key, int) else _packed(key))] = CLASSES[name]
    if rest == _UNKNOWN and (indices == _UNKNOWN).any():
        row, column = np.argwhere(indices == _UNKNOWN)[0]
        raise DataError(
            f"{source}: colour {_unpacked(int(values[row, column]))} at x={column}, y={row}",
            expected="pure red (hair), green (face) or blue (background)",
            remedy="correct the mask, or for a folder with other colours: "
            "bench data folder --hair COLOUR",
        )
    return indices


def _packed(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _unpacked(value: int) -> Colour:
    return value >> 16, value >> 8 & 255, value & 255


def _text(key: Key) -> str:
    return str(key) if isinstance(key, int) else ",".join(map(str, key))
