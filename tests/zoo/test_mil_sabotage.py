"""Packages that are wrong on purpose: the proof fails, and names the cause where it can."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import TINY, Chain, invoke
from packages import INSIDE, constant, first, rewritten

from train.proof.photographs import Photographs
from train.proof.prove import prove
from zoo.artifact.manifest import Artifact, read_manifest, write_manifest
from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of
from zoo.home import Home
from zoo.registry import get
from zoo.runtime.mil_reference import MilReferenceModel

pytestmark = pytest.mark.filterwarnings("ignore")
SPEC = get(TINY)
KEY = "coreml.fp32"


def red_and_blue_swapped(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        image = spec.description.input[0].type.imageType
        image.colorSpace = image.BGR

    rewritten(package, change)


def scaled_by(factor: float) -> Callable[[Any, Any], None]:
    def change(spec: Any, block: Any) -> None:
        values = constant(block, first(block, "mul"), "y").immediateValue.tensor.floats.values
        assert values[0] == pytest.approx(1 / 255)
        values[0] *= factor

    return change


def not_scaled(package: Path) -> None:
    rewritten(package, scaled_by(255))


def scaled_twice(package: Path) -> None:
    rewritten(package, scaled_by(1 / 255))


def no_sigmoid(package: Path) -> None:
    def change(spec: Any, block: Any) -> None:
        first(block, "sigmoid").type = "identity"

    rewritten(package, change)


def aligned_corners(package: Path) -> None:
    """Every doubling is off by up to half a pixel."""

    def change(spec: Any, block: Any) -> None:
        for operation in block.operations:
            if operation.type == "upsample_bilinear":
                value = constant(block, operation, "align_corners").immediateValue.tensor
                value.bools.values[0] = True

    rewritten(package, change)


def padded_at_the_other_side(package: Path) -> None:
    """Where the stride is 2, the row and the column are added before instead of after."""

    def change(spec: Any, block: Any) -> None:
        for operation in block.operations:
            if operation.type == "pad":
                sides = constant(block, operation, "pad").immediateValue.tensor.ints.values
                assert list(sides)[-4:] == [0, 1, 0, 1]
                sides[-4:] = [1, 0, 1, 0]

    rewritten(package, change)


def of_another_training(package: Path) -> None:
    weights = package / INSIDE / "weights" / "weight.bin"
    content = bytearray(weights.read_bytes())

    def change(spec: Any, block: Any) -> None:
        generator = np.random.default_rng(0)
        for operation in block.operations:
            value = operation.attributes["val"] if operation.type == "const" else None
            if value is not None and value.HasField("blobFileValue"):
                entry = value.blobFileValue.offset
                count, begin = (int(n) for n in np.frombuffer(content, np.uint64, 2, entry + 8))
                there = np.frombuffer(content, np.float32, count // 4, begin)
                other = there * (1 + 0.3 * generator.standard_normal(len(there)))
                content[begin : begin + count] = other.astype(np.float32).tobytes()

    rewritten(package, change)
    weights.write_bytes(content)


# The cause that is named, or None where the first layer that departs is all that is.
NAMED: dict[Callable[[Path], None], str | None] = {
    red_and_blue_swapped: "red and blue are swapped",
    not_scaled: "its input is not scaled",
    scaled_twice: "its input is scaled twice",
    no_sigmoid: "its sigmoid is missing",
    aligned_corners: None,
    padded_at_the_other_side: None,
    of_another_training: None,
}


def declared(home: Home, path: Path) -> Artifact:
    """As if the export had made it: only what it computes is wrong."""
    manifest = read_manifest(home, SPEC)
    artifact = manifest.artifacts[KEY].model_copy(update={"sha256": sha256_of(path)})
    write_manifest(home, SPEC, manifest.with_artifact(artifact))
    return artifact


@pytest.mark.parametrize("spoil", NAMED, ids=lambda spoil: spoil.__name__)
def test_the_proof_fails_and_names_the_cause(
    elsewhere: Home, spoil: Callable[[Path], None]
) -> None:
    path = elsewhere.artifact(SPEC, "coreml", "fp32")
    spoil(path)
    artifact = declared(elsewhere, path)
    photographs = Photographs.of(elsewhere, SPEC)
    assert photographs.dataset is not None
    proved = prove(elsewhere, SPEC, artifact, photographs)
    assert proved.rejected
    found = json.loads(invoke("explain", str(path), "--json").output)
    cause = NAMED[spoil]
    if cause:
        assert found["cause"].startswith(cause)
    else:
        assert found["first"]


def test_a_good_package_has_no_cause_and_no_layer(home: Home) -> None:
    """With trained weights: in fp16 their layers lose more than those of random ones."""
    precisions = ("fp32", "fp16", "int8w")
    invoke("weights", "take", "--model", SPEC.name)
    words = [word for each in precisions for word in ("--precision", each)]
    invoke("export", "--model", SPEC.name, "--format", "coreml", *words, "--jobs", "1")
    for precision in precisions:
        path = home.artifact(SPEC, "coreml", precision)
        found = json.loads(invoke("explain", str(path), "--json").output)
        assert (found["first"], found["cause"]) == (None, None)
        assert len(found["layers"]) == 86


def test_palette_indices_a_bit_off_fail(home: Home) -> None:
    """With the package's weights: a short training's masks hardly depend on them."""
    invoke("weights", "take", "--model", SPEC.name)
    words = ("--format", "coreml", "--precision", "pal6", "--jobs", "1")
    invoke("export", "--model", SPEC.name, *words)
    path = home.artifact(SPEC, "coreml", "pal6")
    model = path / "Data" / "com.apple.CoreML" / "model.mlmodel"
    from coremltools.proto import Model_pb2

    spec = Model_pb2.Model()
    spec.ParseFromString(model.read_bytes())
    block = next(iter(spec.mlProgram.functions["main"].block_specializations.values()))
    weights = path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
    content = bytearray(weights.read_bytes())
    compressed = [op for op in block.operations if op.type == "constexpr_lut_to_dense"]
    assert compressed
    for operation in compressed:
        entry = operation.attributes["indices"].blobFileValue.offset
        count, begin = np.frombuffer(content, np.uint64, 2, entry + 8)
        packed = np.frombuffer(content, np.uint8, int(count), int(begin))
        bits = np.unpackbits(packed, bitorder="little")
        moved = np.packbits(np.roll(bits, 1), bitorder="little")
        content[int(begin) : int(begin + count)] = moved.tobytes()
    weights.write_bytes(content)
    artifact = read_manifest(home, SPEC).artifacts["coreml.pal6"]
    assert artifact.rejected is None
    changed = artifact.model_copy(update={"sha256": sha256_of(path)})
    proved = prove(home, SPEC, changed, Photographs(dataset=None, reason="no data"))
    assert "off torch's on average" in str(proved.rejected)


def test_weights_that_are_cut_off_are_told_before_anything_runs(
    chain: Chain, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mlpackage"
    shutil.copytree(chain.home.artifact(SPEC, "coreml", "fp16"), path)
    weights = path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ArtifactError, match="is cut off or changed"):
        MilReferenceModel(path, 1)
