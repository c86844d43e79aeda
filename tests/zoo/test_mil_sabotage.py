"""Packages that are wrong on purpose: the proof fails, and names the cause where it can."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import TINY, Chain, invoke
from torch import Tensor, nn
from torch.nn import functional as F

from train.proof.prove import dataset_of, prove
from zoo.artifact.manifest import Artifact, read_manifest, write_manifest
from zoo.base.errors import ArtifactError
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path, load, read_record
from zoo.export.fold import folded
from zoo.home import Home
from zoo.mnv2_unet import OneSidedConv2d
from zoo.network import Deployed
from zoo.registry import get
from zoo.runtime.mil_reference import MilReferenceModel

sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
ct = pytest.importorskip("coremltools")
pytestmark = pytest.mark.filterwarnings("ignore")
SPEC = get(TINY)
KEY = "coreml.fp32"


def network_of(home: Home) -> nn.Module:
    network, _ = load(checkpoint_path(home, SPEC))
    return folded(network).eval()


def converted(network: nn.Module, path: Path, scale: float = 1 / 255, layout: str = "RGB") -> None:
    example = torch.zeros(1, 3, SPEC.size, SPEC.size)
    program = torch.export.export(network.eval(), (example,)).run_decompositions({})
    image = ct.ImageType(name="image", shape=tuple(example.shape), scale=scale, color_layout=layout)
    model = ct.convert(
        program,
        inputs=[image],
        outputs=[ct.TensorType(name="mask")],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT32,
    )
    shutil.rmtree(path)
    model.save(str(path))


def red_and_blue_swapped(home: Home, path: Path) -> None:
    """The file says RGB, and its network wants BGR."""
    network = network_of(home)
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    first.weight.data = first.weight.data.flip(1)
    converted(Deployed(network), path)


def not_scaled(home: Home, path: Path) -> None:
    converted(Deployed(network_of(home)), path, scale=1.0)


def scaled_twice(home: Home, path: Path) -> None:
    converted(Deployed(network_of(home)), path, scale=1 / 255 / 255)


def no_sigmoid(home: Home, path: Path) -> None:
    converted(network_of(home), path)


def aligned_corners(home: Home, path: Path) -> None:
    """Every doubling is off by up to half a pixel."""
    network = network_of(home)
    kept = F.interpolate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(F, "interpolate", lambda *a, **k: kept(*a, **{**k, "align_corners": True}))
        converted(Deployed(network), path)


class Before(nn.Module):
    """A convolution of stride 2 with the row and the column added before."""

    def __init__(self, conv: OneSidedConv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        c = self.conv
        return F.conv2d(F.pad(x, (1, 0, 1, 0)), c.weight, c.bias, c.stride, groups=c.groups)


def padded_at_the_other_side(home: Home, path: Path) -> None:
    network = network_of(home)
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, OneSidedConv2d):
                setattr(parent, name, Before(layer))
    converted(Deployed(network), path)


def of_another_training(home: Home, path: Path) -> None:
    network = network_of(home)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1 + 0.3 * torch.randn(parameter.shape))
    converted(Deployed(network), path)


# The cause that is named, or None where the first layer that departs is all that is.
NAMED: dict[Callable[[Home, Path], None], str | None] = {
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
    elsewhere: Home, spoil: Callable[[Home, Path], None]
) -> None:
    path = elsewhere.artifact(SPEC, "coreml", "fp32")
    spoil(elsewhere, path)
    artifact = declared(elsewhere, path)
    dataset, _ = dataset_of(elsewhere, read_record(checkpoint_path(elsewhere, SPEC)))
    assert dataset is not None
    proved = prove(elsewhere, SPEC, artifact, dataset, "")
    assert proved.rejected
    found = json.loads(invoke("explain", str(path), "--json").output)
    cause = NAMED[spoil]
    if cause:
        assert found["cause"].startswith(cause)
    else:
        assert found["first"]


def test_a_good_package_has_no_cause_and_no_layer(elsewhere: Home) -> None:
    for precision in ("fp32", "fp16", "int8w"):
        path = elsewhere.artifact(SPEC, "coreml", precision)
        found = json.loads(invoke("explain", str(path), "--json").output)
        assert (found["first"], found["cause"]) == (None, None)
        assert len(found["layers"]) == 78


def test_shifted_palette_indices_fail(home: Home) -> None:
    invoke("weights", "take", "--model", TINY)
    invoke("export", "--model", TINY, "--format", "coreml", "--precision", "pal6")
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
        moved = np.packbits(np.roll(bits, 6), bitorder="little")
        content[int(begin) : int(begin + count)] = moved.tobytes()
    weights.write_bytes(content)
    artifact = read_manifest(home, SPEC).artifacts["coreml.pal6"]
    assert artifact.rejected is None
    changed = artifact.model_copy(update={"sha256": sha256_of(path)})
    assert "off torch's on average" in str(prove(home, SPEC, changed, None, "no data").rejected)


def test_weights_that_are_cut_off_are_told_before_anything_runs(
    chain: Chain, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mlpackage"
    shutil.copytree(chain.home.artifact(SPEC, "coreml", "fp16"), path)
    weights = path / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ArtifactError, match="is cut off or changed"):
        MilReferenceModel(path, 1)
