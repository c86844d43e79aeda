"""Packages: what is known to leave the Neural Engine, and what a Mac adds to the reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from commands import TINY, Chain, invoke
from torch import nn

from reports.text.files import file_list, file_record
from train.data.dataset import Dataset
from train.proof.photographs import Photographs
from train.proof.prove import evaluate_file, is_proved, with_reference
from zoo.artifact.manifest import Artifact, read_manifest
from zoo.artifact.neural_engine import leaving, leaving_text
from zoo.mil.package import open_package
from zoo.mil.program import load_program
from zoo.mil.table import CONSTANTS, OPERATORS
from zoo.registry import get

ct = pytest.importorskip("coremltools")
SMALL = torch.zeros(1, 3, 16, 16)
SPEC = get(TINY)
MARKS = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()


def test_listed_with_their_sources(in_chain: Chain) -> None:
    told = invoke("models", "--model", TINY, "--long").output
    card = Path(invoke("card", "--model", TINY).output.strip()).read_text()
    for text in (told, card):
        flat = " ".join(text.split())
        assert "every operator (a program typed fp32 [M1])" in flat
        assert "5 upsample_bilinear (on the M1 generation [E1])" in flat
    artifacts = read_manifest(in_chain.home, SPEC).artifacts.values()
    sources = {one.source for a in artifacts for one in a.neural_engine or ()}
    assert sources
    assert all(f"\n[{source}]: http" in MARKS for source in sources)


@pytest.mark.filterwarnings("ignore")
def test_an_operator_of_another_kind_is_counted(tmp_path: Path) -> None:
    package = tmp_path / "some.mlpackage"
    convolution = nn.Conv2d(3, 4, 3, padding=2, dilation=2).eval()
    network = torch.jit.trace(convolution, SMALL)  # type: ignore[no-untyped-call]
    given = [ct.TensorType(shape=SMALL.shape)]
    ct.convert(network, inputs=given, minimum_deployment_target=ct.target.iOS16).save(package)
    told = leaving_text(leaving(load_program(open_package(package)).steps))
    assert told == "1 conv (dilated, in older formats [H1])"


def test_the_docs_list_what_the_reference_knows() -> None:
    part = MARKS.partition("### What the reference interpreter knows\n")[2].partition("###")[0]
    listed = set(re.findall(r"\b[a-z][a-z0-9_]+\b", part))
    assert {*OPERATORS, *CONSTANTS} <= listed


def as_by_core_ml(artifact: Artifact) -> Artifact:
    """As a manifest comes from a Mac."""
    assert artifact.parity is not None
    assert artifact.accuracy is not None
    by = {"runtime": "coreml"}
    return artifact.model_copy(
        update={
            "parity": artifact.parity.model_copy(update=by),
            "accuracy": artifact.accuracy.model_copy(update=by),
        }
    )


def test_both_are_kept_and_their_difference_is_shown(in_chain: Chain) -> None:
    home, dataset = in_chain.home, Dataset.open(in_chain.home, "drawn")
    stored = as_by_core_ml(read_manifest(home, SPEC).artifacts["coreml.fp16"])
    photographs = Photographs.of(home, SPEC)
    assert not is_proved(home, SPEC, stored, photographs)
    both = with_reference(home, SPEC, stored, dataset)
    assert both.accuracy is not None
    assert both.accuracy.runtime == "coreml"
    assert both.reference is not None
    assert both.reference.accuracy is not None
    assert both.reference.accuracy.runtime == "mil-reference"
    assert both.reference.difference is not None
    assert both.reference.difference.value == 0
    assert is_proved(home, SPEC, both, photographs)
    told = file_list([file_record(both, both.validated, None)])
    assert "Core ML's IoU is +0.00 points" in " ".join(told.split())
    # What Core ML gave is not replaced on a machine without it.
    again, reason = evaluate_file(home, SPEC, both, dataset, "validation")
    assert reason is None
    assert again.accuracy == both.accuracy
