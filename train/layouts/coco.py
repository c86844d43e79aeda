"""COCO's annotations: one JSON file of polygons and run lengths, beside a folder of photographs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from train.data.dataset import CLASSES, Dataset, encoded_mask, split_by_hash
from train.data.labels import INDICES, Turn
from train.data.prepare import Labelled, hash_rule, prepare
from train.layouts.run_lengths import as_mask
from zoo.base.errors import DataError, UnknownName
from zoo.base.files import sha256_of
from zoo.base.pictures import MEGAPIXELS, read_regular, shown
from zoo.home import Home
from zoo.preprocess import UInt8

FILE_BYTES = 2**30
Polygon = Annotated[list[float], Field(min_length=6)]
Side = Annotated[int, Field(gt=0, le=2**16)]


class RunLengths(BaseModel):
    """size: height and width. counts: as in COCO, listed or compressed."""

    size: tuple[Side, Side]
    counts: list[Annotated[int, Field(ge=0)]] | str


class Annotation(BaseModel):
    image_id: int | str
    category_id: int
    segmentation: list[Polygon] | RunLengths | None = None


class Photograph(BaseModel):
    id: int | str
    file_name: str
    width: Side
    height: Side


class Category(BaseModel):
    id: int
    name: str


class Annotations(BaseModel):
    """What is read of a file; the rest of it is passed over."""

    images: list[Photograph]
    annotations: list[Annotation]
    categories: list[Category]


def prepare_coco(
    home: Home,
    file: Path,
    images: Path,
    name: str,
    hair: Sequence[str],
    face: Sequence[str] = (),
    seed: int = 0,
    share: float = 0.2,
    *,
    resize: bool = False,
    turned: Turn | None = None,
) -> Dataset:
    """`data/<name>` from annotations of the categories that are hair, and those that are face.

    Where both lie, it is hair. Photographs without any annotation are left out: nobody may have
    looked at them. resize, turned: as in Labelling. Raises DataError naming what is wrong,
    MissingExtra without pycocotools.
    """
    import pycocotools.mask  # noqa: F401  (told before anything is read)

    found = read_annotations(file)
    meaning = _meaning(found, file, hair, face)
    by_image: dict[int | str, list[Annotation]] = defaultdict(list)
    for one in found.annotations:
        by_image[one.image_id].append(one)
    used = [photograph for photograph in found.images if by_image[photograph.id]]
    left = len(found.images) - len(used)
    rule = hash_rule(seed, share) + (f"; {left} without annotations left out" if left else "")
    labelling = replace(INDICES, resize=resize, turned=turned)
    labels = f"hair: {', '.join(hair)}" + (f"; face: {', '.join(face)}" if face else "")
    sources = {file.name: sha256_of(file), "labels": labels + labelling.fitting}
    pairs = _pairs(file, images, used, by_image, meaning, seed, share)
    return prepare(home, name, rule, sources, pairs, labelling, read_from=[file, images])


def read_annotations(file: Path) -> Annotations:
    """Raises DataError naming the file and the first thing in it that is wrong."""
    if file.stat().st_size > FILE_BYTES:
        raise _broken(file, f"over {FILE_BYTES // 2**20} MiB")
    try:
        return Annotations.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _broken(file, f"{where}: {first['msg']}"[:200]) from error
    except RecursionError as error:
        raise _broken(file, "nested too deeply") from error


def _meaning(
    found: Annotations, file: Path, hair: Sequence[str], face: Sequence[str]
) -> dict[int, str]:
    """The class of each category that is used, hair last, so that it lies above. Several may be of
    one name."""
    ids: dict[str, list[int]] = {}
    for category in found.categories:
        ids.setdefault(category.name, []).append(category.id)
    for name in (*face, *hair):
        if name not in ids:
            raise UnknownName.of(
                "category", name, ids, f"--category with one of {shown(file)}", f" in {file.name}"
            )
    return {
        id: label
        for names, label in ((face, "face"), (hair, "hair"))
        for name in names
        for id in ids[name]
    }


def _pairs(
    file: Path,
    folder: Path,
    used: Sequence[Photograph],
    by_image: Mapping[int | str, Sequence[Annotation]],
    meaning: Mapping[int, str],
    seed: int,
    share: float,
) -> Iterator[Labelled]:
    paths = {photograph.id: _inside(file, photograph.file_name) for photograph in used}
    _check_once(file, "id", [photograph.id for photograph in used])
    _check_once(file, "file_name", list(paths.values()))
    ids = {key: "_".join(path.with_suffix("").parts) for key, path in paths.items()}
    splits = split_by_hash(list(ids.values()), seed, share)
    for photograph in used:
        path = folder / paths[photograph.id]
        labels = photograph_labels(file, photograph, by_image[photograph.id], meaning)
        yield Labelled(
            id=ids[photograph.id],
            person=None,
            split=splits[ids[photograph.id]],
            image=read_regular(path),
            mask=encoded_mask(labels),
            source=shown(file),
            image_file=shown(path),
        )


def _check_once(file: Path, key: str, values: Sequence[object]) -> None:
    """Of two images with one name, or one id, nobody knows whose the annotations are."""
    value, count = Counter(values).most_common(1)[0] if values else ("", 1)
    if count > 1:
        raise _broken(
            file,
            f"{count} images have the {key} {str(value)[:80]!r}",
            "list each photograph once, with all its annotations under its one id",
        )


def _inside(file: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if not path.name or path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise _broken(file, f"the file name {name[:80]!r} leads elsewhere")
    return path


def photograph_labels(
    file: Path,
    photograph: Photograph,
    annotations: Sequence[Annotation],
    meaning: Mapping[int, str],
) -> UInt8:
    """Class indices [H, W] of one photograph; raises DataError where one cannot be of it."""
    height, width = photograph.height, photograph.width
    if height * width > MEGAPIXELS * 10**6:
        raise _broken(file, f"{photograph.file_name!r}: {width}x{height} is too large")
    labels = np.zeros((height, width), dtype=np.uint8)
    for category, name in meaning.items():
        for one in annotations:
            if one.category_id == category and one.segmentation is not None:
                where = _mask(one.segmentation, height, width)
                if where is None:
                    wrong = (
                        f"an annotation of {photograph.file_name!r} does not fit {width}x{height}"
                    )
                    raise _broken(file, wrong)
                labels[where] = CLASSES[name]
    return labels


def _mask(
    segmentation: list[list[float]] | RunLengths, height: int, width: int
) -> NDArray[np.bool_] | None:
    """Where it lies, [H, W]; None where it cannot be of such a photograph."""
    if isinstance(segmentation, RunLengths):
        return (
            as_mask(segmentation.counts, height, width)
            if segmentation.size == (height, width)
            else None
        )
    from pycocotools import mask

    for polygon in segmentation:
        corners = np.array(polygon)
        # Labelling tools leave corners a little outside; the library trusts what it is given.
        reach = max(height, width)
        if (
            len(polygon) % 2
            or not np.isfinite(corners).all()
            or (np.abs(corners) > 2 * reach).any()
        ):
            return None
    if not segmentation:
        return np.zeros((height, width), dtype=np.bool_)
    outlines = mask.frPyObjects(segmentation, height, width)
    return as_mask(mask.merge(outlines)["counts"].decode("ascii"), height, width)


def _broken(
    file: Path, wrong: str, remedy: str = "export it again as COCO segmentation"
) -> DataError:
    return DataError(
        f"{shown(file)}: {shown(wrong)}",
        expected="COCO's images, annotations and categories, with polygons or run lengths",
        remedy=remedy,
    )
