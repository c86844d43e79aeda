"""Names: one spelling each, one path each."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.base.errors import InvalidName, InvalidSize, UnknownName
from zoo.export.targets import TARGETS
from zoo.home import Home
from zoo.registry import all_specs, get, select
from zoo.spec import ModelSpec, parse

SPECS = all_specs()


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_parse_inverts_name(spec: ModelSpec) -> None:
    assert parse(spec.name) == spec


def test_the_default_zoo_is_the_whole_grid() -> None:
    names = {spec.name for spec in select(["mnv2_slim_unet_*"])}
    widths, sizes = ("0.35", "0.5", "0.75", "1.0"), (128, 160, 192, 224)
    assert {f"mnv2_slim_unet_{width}_{size}" for width in widths for size in sizes} == names


def test_the_longer_name_of_an_architecture_is_not_taken_for_the_shorter() -> None:
    assert parse("mnv2_unet_parent_0.5_224").arch == "mnv2_unet_parent"
    assert len(select(["mnv2_unet_parent_*"])) == 16


@pytest.mark.parametrize(
    "name",
    [
        "mnv2_slim_unet_1_224",
        "mnv2_slim_unet_1.00_224",
        "mnv2_slim_unet_.5_224",
        "mnv2_slim_unet_0.5_0224",
        "mnv2_slim_unet_0.5",
        "",
        "../etc",
        "a_0.5_1\n",
    ],
)
def test_a_second_spelling_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        parse(name)


@given(st.text(max_size=40))
def test_any_text_parses_or_is_an_invalid_name(text: str) -> None:
    with suppress(InvalidName):
        assert parse(text).name == text


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"nearest: mnv2_slim_unet_0\.5_224"):
        get("mnv3_slim_unet_0.5_224")


def test_an_invalid_size_names_the_nearest_valid_ones() -> None:
    with pytest.raises(InvalidSize, match="128 and 160"):
        get("mnv2_slim_unet_0.5_150")


def test_all_artifact_paths_are_distinct() -> None:
    home = Home.default()
    paths = [home.artifact(s, t.format, t.precision) for s in SPECS for t in TARGETS]
    assert len(set(paths)) == len(SPECS) * len(TARGETS)
    assert paths[0].name == "mnv2_slim_unet_0.35_128.fp32.onnx"
