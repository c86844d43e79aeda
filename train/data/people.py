"""People who are shown in training and in validation photographs: what that does to the IoU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from train.data.dataset import Dataset, Item
from zoo.artifact.iou import ImageCounts, Interval, pooled_interval, unpaired_difference
from zoo.base.errors import DataError

NOT_IN_TRAIN, IN_TRAIN = NAMES = ("people not in train", "people in train")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Validation images; `people` and `iou` are null where they are not known."""

    name: str
    images: int
    people: int | None
    iou: Interval | None


@dataclass(frozen=True, kw_only=True)
class People:
    """All validation images, then those of NAMES, where the data set says who is shown.

    difference: pooled IoU on people not in train minus that on people in train. reason: why these
    groups, or a difference of theirs, cannot be had; else null.
    """

    dataset: str
    groups: tuple[Group, ...]
    difference: Interval | None
    reason: str | None


def strangers(items: Sequence[Item]) -> set[str] | None:
    """The ids of the validation images that show nobody who is in train.

    Null where any training or validation image does not say who it shows: it might be anybody.
    """
    used = [item for item in items if item.split != "test"]
    if any(item.person is None for item in used):
        return None
    trained = {item.person for item in used if item.split == "train"}
    return {i.id for i in used if i.split == "validation" and i.person not in trained}


def by_people(dataset: Dataset, counts: Sequence[ImageCounts] | None = None) -> People:
    """The validation images by whether train knows who they show, and the pooled IoU of each group.

    counts: one of each validation image, in any order. Raises DataError where they are of others.
    """
    validation = dataset.items("validation")
    by_id = None if counts is None else _checked(dataset, counts)
    unknown = strangers(dataset.record.items)
    name = dataset.record.name
    if unknown is None:
        nameless = sum(i.person is None for i in dataset.record.items if i.split != "test")
        return People(
            dataset=name,
            groups=(_group("all", validation, by_id),),
            difference=None,
            reason=f"{name} does not say who is shown in {nameless} of its images",
        )
    parts = [[i for i in validation if (i.id in unknown) is kind] for kind in (True, False)]
    empty = [label for label, part in zip(NAMES, parts, strict=True) if not part]
    groups = [("all", validation), *zip(NAMES, parts, strict=True)]
    difference = None
    if by_id is not None and not empty:
        new, known = ([by_id[i.id] for i in part] for part in parts)
        difference = unpaired_difference(new, known)
    return People(
        dataset=name,
        groups=tuple(_group(label, part, by_id) for label, part in groups),
        difference=difference,
        reason=f"no validation image shows {empty[0]}" if empty else None,
    )


def _group(name: str, items: Sequence[Item], by_id: dict[str, ImageCounts] | None) -> Group:
    people = {item.person for item in items}
    chosen = [by_id[item.id] for item in items] if by_id else []
    return Group(
        name=name,
        images=len(items),
        people=None if None in people else len(people),
        iou=pooled_interval(chosen) if chosen else None,
    )


def _checked(dataset: Dataset, counts: Sequence[ImageCounts]) -> dict[str, ImageCounts]:
    by_id = {count.image: count for count in counts}
    expected = {item.id for item in dataset.items("validation")}
    if by_id.keys() != expected or len(by_id) != len(counts):
        odd = min(by_id.keys() ^ expected, default="an image that is there twice")
        raise DataError(
            f"the counts are not of the {len(expected)} validation images of "
            f"{dataset.record.name}: they differ at {odd}",
            expected="one line for each of them",
            remedy=f"give the counts of a model that was trained on {dataset.record.name}",
        )
    return by_id
