"""`bench eval --distort`: what a phone's photographs cost an exported file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from commands import TINY, invoke
from drawn import write_portraits

from bench.cli.training.costs import DISTORTIONS as NAMES
from train.proof.distortions import DISTORTIONS
from zoo.artifact.distortion_record import PLAIN
from zoo.home import Home
from zoo.registry import get

EVAL = ("eval", "--model", TINY, "--format", "onnx", "--precision", "fp32", "--data", "drawn")


def test_each_distortion_is_counted_beside_none_and_stored(elsewhere: Home) -> None:
    row = json.loads(invoke(*EVAL, "--distort", "all", "--json").stdout)[0]
    assert list(row["by_distortion"]) == [PLAIN, *NAMES] == list(DISTORTIONS)
    plain = row["by_distortion"][PLAIN]["drawn"]
    (counted,) = json.loads(invoke(*EVAL, "--json").stdout)
    assert plain["iou"] == counted["iou"]
    assert (plain["difference"]["value"], plain["fell"]) == (0, 0)
    ious = {name: found["drawn"]["iou"]["value"] for name, found in row["by_distortion"].items()}
    assert len(set(ious.values())) > len(NAMES) / 2, "distortions that change nothing"
    stored = elsewhere.artifact_folder(get(TINY)) / f"{TINY}.onnx.fp32.distortions.json"
    assert json.loads(stored.read_bytes()) == row
    again = json.loads(invoke(*EVAL, "--distort", "noisy", "--distort", "dyed", "--json").stdout)[0]
    for name in ("noisy", "dyed"):
        assert again["by_distortion"][name] == row["by_distortion"][name], "drawn the same"
    kept = json.loads(stored.read_bytes())["by_distortion"]
    assert list(kept) == [PLAIN, *NAMES], "what was measured before stays"


def test_a_photograph_is_distorted_alike_whatever_it_is_joined_with(
    elsewhere: Home, tmp_path: Path
) -> None:
    invoke("data", "folder", str(write_portraits(tmp_path / "more", 12)), "--name", "more")
    invoke("data", "join", "more", "drawn", "--name", "both")
    drawn = ("--distort", "background", "--distort", "noisy", "--distort", "turned", "--json")
    alone = json.loads(invoke(*EVAL, *drawn).stdout)[0]["by_distortion"]
    joined = json.loads(invoke(*EVAL[:-1], "both", *drawn).stdout)[0]["by_distortion"]
    for name, found in joined.items():
        assert found["drawn"] == alone[name]["drawn"], name


def test_what_was_joined_is_not_joined_again(elsewhere: Home, tmp_path: Path) -> None:
    invoke("data", "folder", str(write_portraits(tmp_path / "more", 12)), "--name", "more")
    invoke("data", "join", "more", "drawn", "--name", "both")
    told = invoke("data", "join", "both", "drawn", "--name", "all", status=1).output
    assert "'both' was joined itself" in told or "both was joined itself" in told


def test_they_are_a_list(elsewhere: Home) -> None:
    words = (*EVAL, "--distort", "dark")
    (record,) = json.loads(invoke(*words, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(invoke(*words, "--format", "csv").stdout)))
    for row in rows:
        found = record["by_distortion"][row["distortion"]][row["data"]]
        assert float(row["iou.value"]) == found["iou"]["value"]
        assert float(row["difference.value"]) == found["difference"]["value"]
        assert int(row["images"]) == record["images"][row["data"]]
    table = invoke(*words).stdout
    assert [row["distortion"] for row in rows][:1] == [PLAIN]
    assert all(f" {row['distortion']} " in table for row in rows)
    assert "against the same photographs as they are" in table


def test_what_cannot_be_distorted_is_said(elsewhere: Home) -> None:
    both = invoke(*EVAL, "--distort", "far", "--resize", "linear", status=2).output
    assert "one at a time" in both
    unknown = invoke(*EVAL, "--distort", "fog", status=2).output
    assert "near" in unknown
