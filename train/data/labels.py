"""What `--hair`, `--face`, `--background` and `--ignore` name in the masks of a data set."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import ImageColor

from train.data.dataset import MEANINGS, PALETTE
from zoo.base.errors import DataError
from zoo.base.pictures import shown

Colour = tuple[int, int, int]
Turn = Literal["upright", "stored"]
TRANSPARENT = "transparent"
LARGEST = 65535
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Key:
    """One value of masks: a colour, a number, or full transparency where both are null.

    number: a grey level, or the index of a palette, whichever a file gives a meaning to. stored:
    as it stands in the file, and never the level that it is shown with.
    """

    colour: Colour | None = None
    number: int | None = None
    stored: bool = False

    @property
    def shown(self) -> Colour | None:
        """The colour that a viewer shows, where the key says it."""
        if self.colour is not None or self.number is None or self.stored or self.number > 255:
            return self.colour
        return self.number, self.number, self.number

    def __str__(self) -> str:
        if self.number is not None:
            return f"index:{self.number}" if self.stored else str(self.number)
        return ",".join(map(str, self.colour)) if self.colour else TRANSPARENT


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """How masks say what is hair, and how they lie on their photographs.

    keys: what each name of MEANINGS is in the masks. soft: values between those named belong to
    the nearest of them. resize: masks of another size are brought to the photograph's, each pixel
    that of the nearest. turned: which way up masks are where their photograph is turned by EXIF.
    assumed: the background was not named, and is black.
    """

    keys: tuple[tuple[str, Key], ...]
    soft: bool = False
    resize: bool = False
    turned: Turn | None = None
    assumed: bool = False

    @classmethod
    def parse(
        cls,
        hair: Sequence[str] = (),
        face: Sequence[str] = (),
        background: Sequence[str] = (),
        ignore: Sequence[str] = (),
        *,
        soft: bool = False,
        resize: bool = False,
        turned: Turn | None = None,
    ) -> Labelling:
        """From the options' words; the LFW colours where neither of the first three is given."""
        given = {"hair": hair, "face": face, "background": background, "ignore": ignore}
        if not hair and (face or background):
            option = "--face" if face else "--background"
            raise DataError(f"{option} without --hair", remedy="--hair VALUE as well")
        keys = [(name, key) for name, words in given.items() for key in _keys(name, words)]
        if not hair:
            keys = [*LFW.keys, *keys]
        assumed = bool(hair) and not background and not any(_is_black(key) for _, key in keys)
        if assumed:
            keys.append(("background", _black_like(keys[0][1])))
        _check_apart(keys)
        found = cls(keys=tuple(keys), soft=soft, resize=resize, turned=turned, assumed=assumed)
        if soft:
            found.check_soft()
        return found

    def of(self, name: str) -> list[Key]:
        """The keys of one name of MEANINGS."""
        return [key for meaning, key in self.keys if meaning == name]

    @property
    def sought(self) -> list[str]:
        """What a data set must hold somewhere, or it was mistyped."""
        known = self.keys[:3] == LFW.keys or self.keys == INDICES.keys
        return [] if known else [n for n in ("hair", "face") if self.of(n)]

    @property
    def options(self) -> str:
        """As it is typed."""
        lfw = self.keys[:3] == LFW.keys
        named = self.keys[3:] if lfw else self.keys[: len(self.keys) - self.assumed]
        words = [f"--{name} {shlex.quote(text)}" for name, text in _in_short(named)]
        words += ["--soft"] if self.soft else []
        words += ["--resize-masks nearest"] if self.resize else []
        words += [f"--masks-turned {self.turned}"] if self.turned else []
        return " ".join(words)

    def check_soft(self) -> None:
        """Raises DataError where a value lies between two others, so that the nearest of those
        named may be neither of the two that an edge runs between."""
        points = [(name, key, key.shown or _wide(key)) for name, key in self.keys if _placed(key)]
        for name, key, point in points:
            for one, first, a in points:
                for other, second, b in points:
                    apart = len({name, one, other}) == 3
                    if apart and one < other and _from_line(point, a, b) < SOFT_WIDTH:
                        raise DataError(
                            f"--soft: {name} {key} lies between {one} {first} and {other} {second}",
                            expected="values of which none is a mixture of two others",
                            remedy="leave --soft out, and name each value or --ignore it",
                        )

    def __str__(self) -> str:
        text = ", ".join(f"{name} {key}" for name, key in _in_short(self.keys))
        if self.soft:
            levels = [(key.shown or _wide(key))[0] for _, key in self.keys if _placed(key)]
            grey = len(levels) == 2 and not any(key.colour for _, key in self.keys)
            middle = f"threshold {sum(levels) / 2:g}" if grey else "to the nearest"
            text += f"; soft, {middle}"
        return text + self.fitting

    @property
    def fitting(self) -> str:
        """How masks are brought onto their photographs, where that was said; else empty."""
        text = "; resized by the nearest pixel" if self.resize else ""
        return text + (f"; masks as {self.turned}" if self.turned else "")


# How far from the line between two named values, as a share of its length, a soft one may lie.
SOFT_WIDTH = 0.45
LFW = Labelling(
    keys=tuple(
        (name, Key(colour=PALETTE[MEANINGS[name]])) for name in ("hair", "face", "background")
    )
)

# Of prepared masks: class indices, whatever their palette shows.
INDICES = Labelling(
    keys=tuple((name, Key(number=number, stored=True)) for name, number in MEANINGS.items())
)


def _keys(name: str, words: Sequence[str]) -> Iterator[Key]:
    for text in words:
        if text == TRANSPARENT:
            yield Key()
        elif match := re.fullmatch(r"(index:)?([0-9]{1,5})(?:-([0-9]{1,5}))?", text):
            first, last = int(match[2]), int(match[3] or match[2])
            if not first <= last <= LARGEST:
                raise _no_key(name, text)
            for number in range(first, last + 1):
                yield Key(number=number, stored=match[1] is not None)
        else:
            yield Key(colour=_colour(name, text))


def _in_short(keys: Sequence[tuple[str, Key]]) -> list[tuple[str, str]]:
    """Name and text of each, numbers that follow each other as 3-16."""
    runs: list[tuple[str, Key, Key]] = []
    for name, key in keys:
        before = runs[-1] if runs else None
        follows = before is not None and before[0] == name and _next(before[2]) == key
        if before is not None and follows:
            runs[-1] = (name, before[1], key)
        else:
            runs.append((name, key, key))
    return [(n, f"{a}" if a == b else f"{a}-{b.number}") for n, a, b in runs]


def _next(key: Key) -> Key | None:
    return None if key.number is None else Key(number=key.number + 1, stored=key.stored)


def _colour(name: str, text: str) -> Colour:
    parts = re.fullmatch(r"([0-9]{1,3}), ?([0-9]{1,3}), ?([0-9]{1,3})", text)
    try:
        colour = tuple(map(int, parts.groups())) if parts else ImageColor.getrgb(text)
    except ValueError:
        colour = ()
    if len(colour) != 3 or max(colour) > 255:
        raise _no_key(name, text)
    red, green, blue = colour
    return red, green, blue


def _no_key(name: str, text: str) -> DataError:
    return DataError(
        f"--{name} {shown(text[:80])}: neither a colour nor a number",
        expected=f"'#ff0000', 255,0,0, a name such as red, a grey level or index from 0 to "
        f"{LARGEST}, several such as 3-16, or {TRANSPARENT}",
    )


def _check_apart(keys: Sequence[tuple[str, Key]]) -> None:
    """Raises DataError where one value has two meanings."""
    first: dict[object, str] = {}
    for name, key in keys:
        other = first.setdefault(key.shown or key, name)
        if other != name:
            raise DataError(
                f"{key} is both --{other} and --{name}", expected="one meaning for each value"
            )


def _is_black(key: Key) -> bool:
    return key.colour == BLACK or key.number == 0


def _black_like(key: Key) -> Key:
    return Key(colour=BLACK) if key.number is None else Key(number=0, stored=key.stored)


def _placed(key: Key) -> bool:
    return key.colour is not None or key.number is not None


def _wide(key: Key) -> Colour:
    number = key.number or 0
    return number, number, number


def _from_line(point: Colour, a: Colour, b: Colour) -> float:
    """How far a point is from the line between two others, as a share of its length."""
    along = [y - x for x, y in zip(a, b, strict=True)]
    length = sum(d * d for d in along)
    if not length:
        return 1.0
    share = sum((p - x) * d for p, x, d in zip(point, a, along, strict=True)) / length
    share = min(max(share, 0.0), 1.0)
    gap = [p - x - share * d for p, x, d in zip(point, a, along, strict=True)]
    return float((sum(g * g for g in gap) / length) ** 0.5)
