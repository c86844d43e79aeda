"""One file, counted on two data sets: which IoU a report shows, and what it compares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.gather.joined import Joined, on_data
from zoo.artifact.iou import ImageCounts, pooled
from zoo.artifact.sources import by_source, parted


def counted(name: str, share: float, images: int = 30) -> list[ImageCounts]:
    return [
        ImageCounts(
            image=f"{name}_{n}", intersection=int(share * (900 + n)), predicted=950, labelled=1000
        )
        for n in range(images)
    ]


def joined(counts: list[ImageCounts], source: str) -> list[ImageCounts]:
    return [replace(one, image=f"{source}.{one.image}", source=source) for one in counts]


LFW, FIGARO = counted("face", 0.9), counted("frame", 0.8, 24)
BOTH = [*joined(LFW, "lfw"), *joined(FIGARO, "figaro1k")]


def command(data: str) -> str:
    return f"bench eval --data {data}"


def shown(asked: str | None) -> Joined:
    return on_data(Joined(by_data=parted(BOTH, "both")), asked, command)


@pytest.mark.parametrize(("asked", "expected"), [(None, LFW), ("lfw", LFW), ("figaro1k", FIGARO)])
def test_the_iou_is_that_of_the_data_set(asked: str | None, expected: list[ImageCounts]) -> None:
    found = shown(asked)
    assert found.iou is not None
    assert found.iou.value == pooled(expected)
    assert {name: iou.value for name, iou in found.ious.items()} == {
        "figaro1k": pooled(FIGARO),
        "lfw": pooled(LFW),
    }


def test_the_worst_is_the_lower_one_in_every_replicate() -> None:
    found, figaro, lfw = shown("worst"), shown("figaro1k"), shown("lfw")
    assert found.iou is not None
    assert found.iou.value == pooled(FIGARO)
    assert (found.draws <= figaro.draws + 1e-12).all()
    assert (found.draws <= lfw.draws + 1e-12).all()
    assert "the worse of figaro1k and lfw" in str(found.iou_of)


def test_the_same_images_are_the_same_however_they_were_joined() -> None:
    alone = on_data(Joined(by_data=parted(LFW, "lfw")), None, command)
    assert alone.iou_of == shown(None).iou_of
    assert alone.iou_of != shown("figaro1k").iou_of


def test_what_was_not_counted_names_the_command() -> None:
    found = on_data(Joined(by_data=parted(LFW, "lfw")), "figaro1k", command)
    assert (found.iou, found.iou_reason) == (None, "not counted on figaro1k")
    assert found.remedy == "bench eval --data figaro1k"
    only = on_data(Joined(by_data=parted(LFW, "lfw")), "worst", command)
    assert (only.iou, only.iou_reason) == (None, "counted on lfw alone")
    assert only.remedy == "bench eval --data figaro1k"


def test_the_worst_of_two_that_were_not_counted_alike_is_not_known() -> None:
    own = Joined(by_data=parted(FIGARO, "figaro1k"), by_reference=parted(LFW, "lfw"))
    found = on_data(own, "worst", command)
    assert (found.iou, found.iou_reason) == (None, "counted on figaro1k alone")
    assert found.remedy == "bench eval --data lfw"


def test_figures_are_by_source() -> None:
    assert [(one.source, one.images) for one in by_source(BOTH, "both")] == [
        ("figaro1k", 24),
        ("lfw", 30),
    ]


def test_the_reference_stands_in_where_the_file_was_not_run_itself() -> None:
    known = Joined(by_data=parted(LFW, "lfw"), by_reference=parted(BOTH, "both"))
    own, figaro, worst = (on_data(known, asked, command) for asked in (None, "figaro1k", "worst"))
    assert (own.of_reference, own.iou_on, own.remedy) == (False, "lfw", None)
    assert {name: iou.value for name, iou in own.reference_ious.items()} == {
        "figaro1k": pooled(FIGARO)
    }
    for found in (figaro, worst):
        assert found.iou is not None
        assert (found.iou.value, found.of_reference) == (pooled(FIGARO), True)
        assert "of the reference export" in str(found.iou_of), (
            "on another picture than measured ones"
        )
    assert figaro.remedy == "bench eval --data figaro1k"
