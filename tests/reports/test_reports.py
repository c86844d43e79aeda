"""Reports: the join, the front, and what a reader is told."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import TINY, Chain, invoke, timed_session
from drawn import write_portraits
from PIL import Image

from bench.sessions.record import Failure
from bench.sessions.store import write_session
from devices.records import Reading
from reports.gather.accuracy import join
from reports.gather.flat import records
from reports.gather.report import Report
from reports.load import load
from reports.page.payload import SHAPES
from reports.pictures.figures import style
from reports.text.files import files_text
from reports.text.tables import every_row, notes
from reports.write import write_report
from zoo.artifact.iou import pooled, read_counts
from zoo.artifact.manifest import read_manifest
from zoo.checkpoint import checkpoint_path
from zoo.home import Home
from zoo.registry import all_specs, get


def copied(chain: Chain, folder: Path) -> Home:
    shutil.copytree(chain.home.root, folder, dirs_exist_ok=True)
    return Home(root=folder)


def test_a_row_joins_latency_with_the_iou_of_that_file(chain: Chain) -> None:
    report = load(chain.home)
    assert len(report.facets) == 2
    manifest = read_manifest(chain.home, get(TINY))
    for row in report.rows:
        format = {"onnxruntime": "onnx", "litert": "tflite"}[row.facet.runtime]
        artifact = manifest.artifacts[f"{format}.fp32"]
        assert row.artifact_sha256 == artifact.sha256
        assert artifact.accuracy is not None
        counts = read_counts(chain.home.artifact_folder(get(TINY)) / artifact.accuracy.counts_file)
        assert row.joined.iou is not None
        assert row.joined.iou.value == pooled(counts)
        assert row.joined.init == "random"
        assert row.joined.iou_change is not None
        assert abs(row.joined.iou_change.value) < 1e-3


def test_unlike_conditions_are_never_pooled(chain: Chain, tmp_path: Path) -> None:
    home = copied(chain, tmp_path)
    session = timed_session(home)
    other = session.device.model_copy(update={"cpu": "another"})
    write_session(home, session.model_copy(update={"id": "a" * 12, "device": other}))
    two = session.request.model_copy(update={"threads": 2})
    write_session(home, session.model_copy(update={"id": "b" * 12, "request": two}))
    before, after = load(chain.home), load(home)
    assert len(after.rows) == len(before.rows) + 2
    assert sum(len(r.sessions) + len(r.left_out) for r in after.rows) == 14


def test_ious_of_different_images_share_no_picture(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied(chain, tmp_path / "home")
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    weights, other = checkpoint_path(home, get(TINY)), "mnv2_slim_unet_0.35_160"
    invoke("data", "folder", str(write_portraits(tmp_path / "p", 12)), "--name", "others")
    invoke("train", "--model", other, "--data", "others", "--init", str(weights), "--epochs", "0")
    invoke("export", "--model", other, "--format", "onnx", "--precision", "fp32")
    invoke("run", "--model", other, "--runtime", "onnxruntime", "--sessions", "1")
    report = load(home)
    pictures = {
        facet.iou_of: [row.model for row in report.of(facet)]
        for facet in report.facets
        if facet.runtime == "onnxruntime" and facet.iou_of
    }
    assert sorted(pictures.values()) == [[TINY], [other]]
    assert ["drawn" in name for name in sorted(pictures)] == [True, False]
    assert all("validation" in name and "images (set " in name for name in pictures)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (
            lambda home: (home.checkpoint_folder(get(TINY)) / "checkpoint.safetensors").unlink(),
            "does not exist",
        ),
        (
            lambda home: (home.artifact_folder(get(TINY)) / "manifest.json").unlink(),
            "no manifest holds",
        ),
        (
            lambda home: (home.artifact_folder(get(TINY)) / "manifest.json").write_text("{"),
            "is broken",
        ),
    ],
    ids=["checkpoint", "manifest", "edited manifest"],
)
def test_a_broken_chain_makes_an_orphan(
    chain: Chain, tmp_path: Path, break_it: object, reason: str
) -> None:
    home = copied(chain, tmp_path)
    assert callable(break_it)
    break_it(home)
    report = load(home)
    assert {row.joined.iou for row in report.rows} == {None}
    assert not any(row.on_front for row in report.rows)
    told = [note for note in notes(report) if "orphan" in note]
    assert len(told) == 2
    assert all(reason in note for note in told)


def test_edited_counts_give_no_iou(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the report names the command that counts again."""
    home = copied(chain, tmp_path)
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    for artifact in read_manifest(home, get(TINY)).artifacts.values():
        if artifact.accuracy:
            path = home.artifact_folder(get(TINY)) / artifact.accuracy.counts_file
            path.write_text(path.read_text().replace("p0", "q0"))
    for row in load(home).rows:
        assert row.joined.iou is None
        assert "was changed" in (row.joined.iou_reason or "")
    page = write_report(home.report, load(home))
    table = (home.report / "table.md").read_text()
    for row in load(home).rows:
        command = row.joined.remedy
        assert command
        assert f"{command}\n" in table
        assert command in page.read_text()
        invoke(*shlex.split(command)[1:])
    assert all(row.joined.iou for row in load(home).rows)


def test_what_is_left_out_is_said(chain: Chain, tmp_path: Path) -> None:
    home = copied(chain, tmp_path)
    session = timed_session(home)
    assert session.run is not None
    for id, status in {"c" * 12: 2, "d" * 12: 0}.items():
        after = {"thermal_status": Reading(value=status)}
        run = session.run.model_copy(update={"conditions_before": {}, "conditions_after": after})
        write_session(home, session.model_copy(update={"id": id, "run": run}))
    (home.results / "host" / "20200101T000000Z-x.json").write_text("{}")
    told = "\n".join(notes(load(home)))
    assert f"session {'c' * 12} left out: throttled" in told
    assert "d" * 12 not in told
    assert "20200101T000000Z-x.json" in told


def test_a_report_names_no_folder_of_this_machine(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made to be shown to others."""
    home = copied(chain, tmp_path / "somebody")
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    (home.checkpoint_folder(get(TINY)) / "checkpoint.safetensors").unlink()
    (home.results / "host" / "20200101T000000Z-x.json").write_text("{}")
    failure = Failure(stage="load", reason=f"{home.root}/artifacts/x cannot be read")
    session = timed_session(home).model_copy(update={"run": None, "failure": failure})
    write_session(home, session.model_copy(update={"id": "e" * 12}))
    told = invoke("report", "--output", str(tmp_path / "shown")).output
    assert "checkpoints/" in told
    for path in (tmp_path / "shown").iterdir():
        assert b"somebody" not in path.read_bytes(), path.name


def test_every_form_holds_the_same_figures(in_chain: Chain) -> None:
    report = load(in_chain.home)
    out = in_chain.home.report
    assert (out / "table.md").read_text() == every_row(report)
    table = list(csv.DictReader(io.StringIO((out / "table.csv").read_text())))
    assert [float(r["p50_ms"]) for r in table] == [r.p50_ms.value for r in report.rows]
    printed = json.loads(invoke("report", "--json").output)
    assert printed["rows"] == records(report)
    with Image.open(out / "pareto.png") as picture:
        assert picture.size[0] > 600


def test_the_page_asks_nothing_of_the_network(chain: Chain) -> None:
    page = (chain.home.report / "index.html").read_text()
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", markup) == []
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", markup)
    assert "default-src 'none'" in unescape(markup)
    assert markup.count("<svg") == 1
    assert TINY in markup


def test_the_same_sessions_give_the_same_bytes(chain: Chain, tmp_path: Path) -> None:
    home = copied(chain, tmp_path)
    names = ("index.html", "table.md", "table.csv", "table.parquet", "pareto.svg", "pareto.png")
    write_report(home.report, load(home))
    first = {name: (home.report / name).read_bytes() for name in names}
    write_report(home.report, load(home))
    assert {name: (home.report / name).read_bytes() for name in names} == first


def test_a_variant_looks_the_same_in_every_report() -> None:
    assert len({style(spec.name) for spec in all_specs()}) == len(all_specs())
    assert style("mnv2_slim_unet_0.35_128") == ("#0072b2", "o")
    # In the page as well, and by its label.
    assert {style(spec.name)[1] for spec in all_specs()} <= SHAPES.keys()
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert len({spec.label for spec in all_specs()}) == len(all_specs())
    assert get("mnv2_slim_unet_0.5_224").label == "0.5/224"
    assert get("mnv2_unet_0.5_224").label == "unet/0.5/224"
    assert get("mnv2_unet_parent_0.5_224").label == "parent/0.5/224"


def test_an_empty_home_has_a_report_that_says_so(home: Home) -> None:
    assert load(home) == Report(rows=(), failed=(), problems=())
    assert "bench run" in invoke("report").output
    assert "bench run" in (home.report / "index.html").read_text()


def test_the_torch_reference_joins_its_checkpoint(in_chain: Chain, tmp_path: Path) -> None:
    session = timed_session(in_chain.home)
    asked = session.request.model_copy(update={"format": "torch", "runtime": "torch"})
    assert "has been replaced" in str(join(in_chain.home, asked).orphan)
    from zoo.base.files import sha256_of
    from zoo.checkpoint import checkpoint_path

    sha256 = sha256_of(checkpoint_path(in_chain.home, get(TINY)))
    found = join(in_chain.home, asked.model_copy(update={"artifact_sha256": sha256}))
    assert found.iou is not None
    assert np.isclose(
        found.iou.value,
        pooled(read_counts(in_chain.home.checkpoint_folder(get(TINY)) / "validation_counts.csv")),
    )


def test_of_many_files_each_reason_for_no_iou_is_told_with_its_count() -> None:
    file: dict[str, Any] = {"size_bytes": 1_000_000, "unlike_pixels": 0, "compared_images": 16}
    file |= {"iou": None, "model": "a", "format": "onnx", "precision": "fp32"}
    file |= {"largest_inside": None, "rejected": None}
    files = [file | {"reason": reason} for reason in ("no lfw", "no other", "no other")]
    lines = files_text(files).splitlines()
    assert lines[1] == "no pixel differs from torch's mask (16 images)"
    assert lines[2:4] == [
        "IoU of 1 file not measured: no lfw",
        "IoU of 2 files not measured: no other",
    ]
    worst = files_text([*files, file | {"unlike_pixels": 0.01, "reason": "no lfw"}])
    assert "1 % of the pixels differ from torch's mask at most (a.onnx.fp32, 16 images)" in worst
