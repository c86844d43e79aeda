"""Reads a mask: every pixel of it is accounted for by a label, or the mask is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from train.data.dataset import MEANINGS
from train.data.labels import LFW, SOFT_WIDTH, Key, Labelling
from train.data.values import MODES, Float64, Values, values_of
from zoo.base.errors import DataError
from zoo.base.pictures import Picture, decode, decoding
from zoo.preprocess import UInt8

# Without loss, and with it: a mask that was saved as JPEG can be read by --soft alone.
LOSSLESS = ("PNG", "PPM", "BMP", "GIF", "TIFF")
KEEP_THE_FIRST = "python -c \"from PIL import Image; Image.open('FILE').save('NEW.png')\""
_JPEG = b"\xff\xd8\xff"
_UNKNOWN = 254
_LISTED = 6
_SUGGESTED = 24


class Census:
    """Counts the values of masks until each label that was asked for has been met once.

    A label that no mask of a data set holds is most likely a mistyped one.
    """

    def __init__(self, labelling: Labelling) -> None:
        self._labelling = labelling
        self._unmet = labelling.sought
        self._counts: Counter[str] = Counter()

    def add(self, values: Values, classes: UInt8, stored: bool) -> None:
        """classes: of the values, [K]."""
        self._unmet = [n for n in self._unmet if not (classes == MEANINGS[n]).any()]
        if self._unmet:
            for place in np.argsort(-values.counts)[:16].tolist():
                self._counts[values.text(place, stored)] += int(values.counts[place])

    def check(self, source: str) -> None:
        """Raises DataError for a label that no mask had, with what was seen most instead."""
        total = self._counts.total()
        for name in self._unmet:
            if total:
                keys = " ".join(map(str, self._labelling.of(name)))
                most = [f"{key} ({n / total:.1%})" for key, n in self._counts.most_common(_LISTED)]
                raise DataError(
                    f"{source}: no mask has a pixel of {name} {keys}; seen most: {', '.join(most)}",
                    expected=f"the colour or number of {name} in the masks",
                    remedy=f"--{name} with one of those seen",
                )


def read_labels(encoded: bytes, source: str, labelling: Labelling, census: Census) -> UInt8:
    """Class indices [H, W] from an encoded mask; raises DataError naming `source`."""
    if encoded.startswith(_JPEG) and not labelling.soft:
        raise DataError(
            f"{source}: a JPEG mask, whose colours are smeared",
            expected="a mask of a format without loss, as it was drawn",
            remedy="--soft, which takes each pixel for the nearest label; or export the mask "
            "again as PNG",
        )
    picture = _upright(decode(encoded, source, (*LOSSLESS, "JPEG")), source)
    values = values_of(picture, source)
    stored, classes = _meaning(values, source, labelling)
    census.add(values, classes, stored)
    return classes[values.places]


def _upright(picture: Picture, source: str) -> Picture:
    wrong, remedy = "", "export the mask again as a PNG of 8 bits a channel"
    if picture.frames > 1:
        wrong, remedy = f"{picture.frames} pictures in one file", KEEP_THE_FIRST
    elif picture.image.mode not in MODES:
        wrong = f"a mask of mode {picture.image.mode}"
    elif picture.sixteen_bits and len(picture.image.getbands()) > 1:
        wrong = "a mask of 16 bits a channel, of which only the upper half can be read"
    if wrong:
        raise DataError(
            f"{source}: {wrong}", expected="one mask: grey, palette, RGB or RGBA", remedy=remedy
        )
    if picture.orientation != 1:
        with decoding(source):
            ImageOps.exif_transpose(picture.image, in_place=True)
    return picture


def _meaning(values: Values, source: str, labelling: Labelling) -> tuple[bool, UInt8]:
    """Whether numbers were taken as they are stored, and the class of each value, [K].

    A number may be the level that a viewer shows or the one in the file, whichever leaves no pixel
    unnamed: so a label means the same whatever its file is stored as.
    """
    readings = {stored: _classes(values, labelling, stored) for stored in (False, True)}
    whole = {s: classes for s, classes in readings.items() if not (classes == _UNKNOWN).any()}
    if len(whole) == 2 and (whole[False] != whole[True]).any():
        raise _two_meanings(values, source, labelling)
    if whole:
        return next(iter(whole.items()))
    numbered = any(key.number is not None for key in labelling.of("hair"))
    missed = {s: int(values.counts[c == _UNKNOWN].sum()) for s, c in readings.items()}
    stored = min(missed, key=lambda s: (missed[s], s != (numbered and values.numbers is not None)))
    raise _unnamed(values, readings[stored], stored, source, labelling)


def _classes(values: Values, labelling: Labelling, stored: bool) -> UInt8:
    classes = np.full(values.counts.shape, _UNKNOWN, dtype=np.uint8)
    for name in MEANINGS:
        if keys := labelling.of(name):
            classes[_matching(values, keys, stored)] = MEANINGS[name]
    if labelling.soft:
        _soften(classes, values, labelling, stored)
    return classes


def _matching(values: Values, keys: list[Key], stored: bool) -> NDArray[np.bool_]:
    found = np.zeros(values.counts.shape, dtype=np.bool_)
    if values.numbers is not None:
        numbers = [key.number for key in keys if stored or key.stored]
        found |= np.isin(values.numbers, [number for number in numbers if number is not None])
    if values.colours is not None:
        for key in keys:
            if key == Key():
                found |= values.colours[:, 3] == 0
            elif key.shown and (key.colour or not stored):
                found |= (values.colours == (*key.shown, 255)).all(axis=1)
    return found


def _soften(classes: UInt8, values: Values, labelling: Labelling, stored: bool) -> None:
    """Gives each value that is not named yet the label that is nearest, if it is a mixture."""
    points = _numbers(values) if stored else _shown(values)
    keys = [(name, _point(key, stored)) for name, key in labelling.keys]
    placed = [(name, np.array(point)) for name, point in keys if point is not None]
    if points is None or "hair" not in [name for name, _ in placed]:
        return
    ends = np.array([point for _, point in placed], dtype=np.float64)
    open = classes == _UNKNOWN
    mixed = open & ~np.isnan(points).any(axis=1) & _between(points, ends)
    if values.colours is not None and not stored:
        faint = open & (values.colours[:, 3] < 128)
        classes[faint] = next((MEANINGS[n] for n, key in labelling.keys if key == Key()), _UNKNOWN)
        mixed &= ~faint
    apart = np.linalg.norm(points[mixed][:, None] - ends[None], axis=2)
    names = np.array([MEANINGS[name] for name, _ in placed], dtype=np.uint8)
    classes[mixed] = names[apart.argmin(axis=1)]


def _numbers(values: Values) -> Float64 | None:
    """Where numbers are levels; there is nothing between two indices of a palette."""
    return None if values.numbers is None or values.palette else values.numbers[:, None]


def _shown(values: Values) -> Float64 | None:
    return None if values.colours is None else values.colours[:, :3]


def _point(key: Key, stored: bool) -> tuple[int, ...] | None:
    if stored:
        return None if key.number is None else (key.number,)
    return key.shown


def _between(points: Float64, ends: Float64) -> NDArray[np.bool_]:
    """Which of [K, D] lie near a line between two of [M, D]."""
    found = np.zeros(len(points), dtype=np.bool_)
    for number, a in enumerate(ends):
        for b in ends[number + 1 :]:
            along = b - a
            share = np.clip((points - a) @ along / (along @ along), 0, 1)
            gap = np.linalg.norm(points - a - share[:, None] * along, axis=1)
            found |= gap <= SOFT_WIDTH * np.linalg.norm(along)
    return found


def _unnamed(
    values: Values, classes: UInt8, stored: bool, source: str, labelling: Labelling
) -> DataError:
    """Lists the values that no option names, with their share and the options that would."""
    unknown = np.flatnonzero(classes == _UNKNOWN)
    order = unknown[np.argsort(-values.counts[unknown], kind="stable")]
    total = values.counts.sum()
    texts = [values.text(place, stored) for place in order.tolist()]
    told = [
        f"{text} ({values.counts[place] / total:.1%})"
        for text, place in list(zip(texts, order.tolist(), strict=True))[:_LISTED]
    ]
    more = f" and {len(order) - _LISTED} more" if len(order) > _LISTED else ""
    return DataError(
        f"{source}: {values.counts[unknown].sum() / total:.1%} of the pixels have a value that is "
        f"not named: {', '.join(told)}{more}",
        expected=f"nothing but {labelling}",
        remedy=_naming(texts, _would_soften(values, labelling), labelling),
    )


def _would_soften(values: Values, labelling: Labelling) -> bool:
    try:
        soft = Labelling(keys=labelling.keys, soft=True)
        soft.check_soft()
    except DataError:
        return False
    return any((_classes(values, soft, stored) != _UNKNOWN).all() for stored in (False, True))


def _naming(texts: list[str], softens: bool, labelling: Labelling) -> str:
    ways = []
    if labelling.keys[:3] == LFW.keys:
        ways.append("--hair VALUE and --background VALUE, if the labels have other colours")
    nameable = all(not text.endswith("opaque") and "." not in text for text in texts)
    if nameable and len(texts) <= _SUGGESTED and labelling.keys[:3] != LFW.keys:
        assumed = [str(key) for key in labelling.of("background")] if labelling.assumed else []
        ways.append(" ".join(f"--background {text}" for text in [*assumed, *texts]))
        ways.append("or likewise --ignore, --face or --hair for those that are labels")
    if softens:
        ways.append("--soft, which takes each for the nearest of those named")
    return "; ".join(ways) or "save the labels again, without smoothing, as PNG"


def _two_meanings(values: Values, source: str, labelling: Labelling) -> DataError:
    numbered = [(name, key.number) for name, key in labelling.keys if key.number is not None]
    numbers = " ".join(f"--{name} index:{number}" for name, number in numbered)
    colours = " ".join(f"--{name} {n},{n},{n}" for name, n in numbered)
    return DataError(
        f"{source}: the numbers that are named may be those in the file or the grey levels that it "
        "is shown with, and they are not the same pixels",
        expected=f"one meaning of {labelling}",
        remedy=f"{numbers} for those in the file; {colours} for the levels",
    )
