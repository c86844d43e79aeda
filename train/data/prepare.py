"""Turns labelled photographs from any source into a prepared data set, all or nothing."""

from __future__ import annotations

import hashlib
import re
import shlex
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from train.data.dataset import RECORD, Dataset, DatasetRecord, Item, SplitName, encoded_mask
from train.data.labels import LFW, Labelling
from train.data.meaning import Census, read_labels
from train.data.names import is_litter
from zoo.base.errors import DataError
from zoo.base.files import replacing, write_text
from zoo.base.lock import locked
from zoo.base.pictures import ORIENTATION, RETOUCH, Picture, decode, shown
from zoo.base.progress import track
from zoo.home import Home
from zoo.preprocess import PHOTOGRAPHS, UInt8

_ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "HEIF": "heic", "TIFF": "tif"}
_SHORTEST_SIDE = 16
# Ids become file names.
_ID = re.compile(
    r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z))(?![-. ~])"
    r"[^\\/:*?\"<>|]{1,200}(?<![. ])",
    re.IGNORECASE,
)
_ID_BYTES = 200


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One photograph and its mask as they were found: encoded bytes, and names for errors.

    image_file, mask_file: where the two are files of their own, their names. joined: which data set
    it is taken over from.
    """

    id: str
    person: str | None
    split: SplitName
    image: bytes
    mask: bytes
    source: str
    image_file: str = ""
    mask_file: str = ""
    joined: str | None = None

    @property
    def image_name(self) -> str:
        return self.image_file or f"{shown(self.source)}: image of {shown(self.id)}"

    @property
    def mask_name(self) -> str:
        return self.mask_file or f"{shown(self.source)}: mask of {shown(self.id)}"


def prepare(
    home: Home,
    name: str,
    rule: str,
    sources: dict[str, str],
    pairs: Iterable[Labelled],
    labelling: Labelling = LFW,
    *,
    read_from: Iterable[Path] = (),
) -> Dataset:
    """Write `data/<name>` from the pairs; the data set that was there is replaced at the very end.

    read_from: files and folders that the pairs come from. Raises DataError naming the file that is
    wrong, or where `check_free` does; nothing is left half-written.
    """
    folder = home.dataset(name)
    census = Census(labelling)
    items: list[Item] = []
    taken: dict[str, str] = {}
    with locked(folder), replacing(folder) as temporary:
        check_free(folder, read_from)
        (temporary / "images").mkdir(parents=True)
        (temporary / "masks").mkdir()
        for pair in track(pairs, f"preparing {name}", "images"):
            claim_id(pair.id, pair.image_name, taken)
            items.append(_store(temporary, pair, labelling, census))
        ordered = tuple(sorted(items, key=lambda item: item.id))
        check_splits(name, [item.split for item in ordered])
        census.check(f"data set {name!r}")
        record = DatasetRecord(name=name, rule=rule, sources=sources, items=ordered)
        write_text(temporary / RECORD, record.model_dump_json(indent=1))
    return Dataset(folder, record)


def check_free(folder: Path, read_from: Iterable[Path]) -> None:
    """Raise DataError where a new data set in `folder` would take the place of anything but an
    earlier one, or of what it is made from."""
    wrong = ""
    if folder.exists() and not (folder / RECORD).is_file():
        empty = folder.is_dir() and all(is_litter(path) for path in folder.iterdir())
        wrong = "" if empty else f"is no data set of bench: it has no {RECORD}"
    whole = folder.resolve()
    for path in read_from:
        if path.resolve().is_relative_to(whole):
            wrong = f"would be replaced, and {shown(path)} with it"
    if wrong:
        here, there = (shlex.quote(str(path)) for path in (folder, f"{folder}-originals"))
        raise DataError(
            f"{shown(folder)} {wrong}",
            expected="an empty place, or an earlier data set, which is replaced",
            remedy=f"another --name where the command has one; or mv {here} {there}, then the same "
            "command with the new path",
        )


def is_id(text: str) -> bool:
    """Whether it can be a file's name on every system a data set may be copied to."""
    fits = bool(_ID.fullmatch(text)) and text.isprintable()
    return fits and len(text.encode()) <= _ID_BYTES


def claim_id(id: str, source: str, taken: dict[str, str]) -> None:
    """Check an id and add it to those taken, under what it is on a disk that ignores case.

    Raises DataError naming `source` where it cannot be a file's name on every system, or where
    it would meet another there.
    """
    if not is_id(id):
        raise DataError(
            f"{source}: {shown(id)} cannot name a photograph on every system",
            expected=f'at most {_ID_BYTES} bytes of printable text, none of \\ / : * ? " < > |, '
            "no dot, dash or space at its beginning, no name that Windows reserves",
            remedy="rename it as its other half, or remove it",
        )
    name = unicodedata.normalize("NFC", id).casefold()
    if name in taken:
        raise DataError(
            f"{source}: has the same name as {taken[name]}, or differs from it in case only",
            expected="names that differ on every system",
            remedy="rename or remove one of them",
        )
    taken[name] = source


def read_photograph(encoded: bytes, source: str) -> Picture:
    """A photograph that is fit for a data set; raises DataError naming `source`.

    All that zoo.preprocess opens is fit, if it is large enough.
    """
    picture = decode(encoded, source, PHOTOGRAPHS)
    if picture.sixteen_bits and picture.image.mode not in ("RGB", "RGBA"):
        raise DataError(f"{source}: 16 bits a pixel", expected="8 bits a channel", remedy=RETOUCH)
    if min(picture.size) < _SHORTEST_SIDE:
        raise DataError(
            f"{source}: only {picture.size[0]}x{picture.size[1]} pixels",
            expected=f"at least {_SHORTEST_SIDE} pixels a side",
            remedy="leave it out, with its mask",
        )
    return picture


def fitted(mask: UInt8, picture: Picture, labelling: Labelling, source: str) -> UInt8:
    """The mask as it lies on the upright photograph, [H, W]; raises DataError naming `source`."""
    upright = picture.upright_size
    if picture.orientation != 1 and _as_stored(mask, picture, labelling, source):
        turned = Image.fromarray(mask)
        turned.getexif()[ORIENTATION] = picture.orientation
        mask = np.asarray(ImageOps.exif_transpose(turned))
    height, width = mask.shape
    if (width, height) == upright:
        return mask
    if labelling.resize and abs(width * upright[1] - height * upright[0]) <= _apart(mask, upright):
        return np.asarray(Image.fromarray(mask).resize(upright, Image.Resampling.NEAREST))
    shape = "another shape than" if labelling.resize else "not of the size of"
    raise DataError(
        f"{source}: the mask is {width}x{height}, {shape} the image of {upright[0]}x{upright[1]}",
        expected="a mask of the image's size",
        remedy="leave out both, or crop the mask as its photograph was"
        if labelling.resize
        else "--resize-masks nearest, if it shows the same as the image",
    )


def _apart(mask: UInt8, upright: tuple[int, int]) -> int:
    """How far the products of two sides may differ where sizes were rounded to whole pixels."""
    return int(max(*mask.shape, *upright))


def _as_stored(mask: UInt8, picture: Picture, labelling: Labelling, source: str) -> bool:
    """Whether a mask lies as the pixels of its turned photograph do before they are turned."""
    if labelling.turned is not None:
        return labelling.turned == "stored"
    height, width = mask.shape
    stored, upright = picture.size, picture.upright_size
    if picture.orientation > 4 and stored != upright:
        across = (width > height) == (stored[0] > stored[1])
        return across if width != height else False
    raise DataError(
        f"{source}: its photograph is turned by its EXIF orientation {picture.orientation}, and "
        "the size of the mask does not tell whether it is turned, too",
        expected="a word of how masks lie",
        remedy="--masks-turned upright if they match what viewers show of the photographs, or "
        "--masks-turned stored if they do not",
    )


def check_splits(name: str, splits: Iterable[SplitName]) -> None:
    """Raises DataError where there would be nothing to train on, or nothing to choose by."""
    found = list(splits)
    for split in ("train", "validation"):
        if split not in found:
            raise DataError(
                f"data set {name!r} would have no {split} images ({len(found)} in all)",
                expected="at least one in train and one in validation",
                remedy="add photographs, or try another seed",
            )


def hash_rule(seed: int, validation_share: float) -> str:
    """What a record says of `split_by_hash`."""
    return f"sha256(seed:name), seed {seed}, validation share {validation_share}"


def item_sha256(image: bytes, indices: UInt8) -> str:
    """Of what is learned from: the photograph's bytes and its class indices."""
    return hashlib.sha256(image + indices.tobytes()).hexdigest()


def _store(folder: Path, pair: Labelled, labelling: Labelling, census: Census) -> Item:
    picture = read_photograph(pair.image, pair.image_name)
    indices = read_labels(pair.mask, pair.mask_name, labelling, census)
    indices = fitted(indices, picture, labelling, pair.mask_name)
    ending = _ENDINGS.get(picture.format, picture.format.lower())
    item = Item(
        id=pair.id,
        person=pair.person,
        split=pair.split,
        image=f"images/{pair.id}.{ending}",
        mask=f"masks/{pair.id}.png",
        width=indices.shape[1],
        height=indices.shape[0],
        sha256=item_sha256(pair.image, indices),
        source=pair.joined,
    )
    (folder / item.image).write_bytes(pair.image)
    (folder / item.mask).write_bytes(encoded_mask(indices))
    return item
