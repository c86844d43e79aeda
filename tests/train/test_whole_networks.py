"""Whole networks as first weights: this project's checkpoints, the parent's, and epoch 0."""

from __future__ import annotations

import csv
import pickle
import shutil
import struct
from pathlib import Path

import pytest
import torch
from commands import TINY, invoke
from parent_network import parent_logits, parent_tensors
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from train.init.first_weights import choose_first_weights
from train.init.pretrained import load_first_weights
from zoo import registry
from zoo.artifact.iou import pooled, read_counts
from zoo.base.errors import WeightsError
from zoo.base.files import sha256_of
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.network import SegmentationNetwork

PARENT = registry.get("mnv2_unet_parent_1.0_128")
MEASURE = ("train", "--data", "drawn", "--recipe", "quick", "--epochs", "0", "--init")
TENSORS, AVERAGED = parent_tensors(seed=1), parent_tensors(seed=2)


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def saved(folder: Path, content: object) -> Path:
    path = folder / "parent.ckpt"
    torch.save(content, path)
    return path


def loaded(path: Path) -> SegmentationNetwork:
    network = registry.build(PARENT)
    load_first_weights(network, choose_first_weights(PARENT, str(path), path.parent), PARENT)
    return network.eval()


@pytest.mark.parametrize(
    ("content", "tensors"),
    [
        (
            {
                "epoch": 179,
                "hyper_parameters": {"lr": 3e-4, "optim": "radam"},
                "state_dict": under("model", TENSORS),
            },
            TENSORS,
        ),
        ({"state_dict": under("model", TENSORS) | under("ema_model", AVERAGED)}, AVERAGED),
        (under("model", TENSORS), TENSORS),
        (TENSORS, TENSORS),
    ],
    ids=["lightning", "with an average", "state dict", "the network's alone"],
)
def test_a_checkpoint_of_the_parent_computes_what_the_parent_does(
    tmp_path: Path, content: object, tensors: dict[str, Tensor]
) -> None:
    network = loaded(saved(tmp_path, content))
    image = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        ours, theirs = network(image), parent_logits(tensors, image)
    expected = F.interpolate(theirs, scale_factor=2, mode="bilinear", align_corners=False)
    assert expected.std() > 0.1
    assert torch.allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TENSORS | {"backbone.bn2.weight": torch.ones(1280)}, "backbone.bn2.weight has no place"),
        (
            {k: v for k, v in TENSORS.items() if k != "conv_last.1.bias"},
            r'Missing key\(s\) in state_dict: "head.1.bias"',
        ),
        (TENSORS | {"conv_last.1.bias": torch.ones(2)}, "size mismatch for head.1.bias"),
        (under("ema_model", TENSORS) | {"loss.scale": torch.ones(1)}, "loss.scale has no place"),
        ({"features.0.0.weight": torch.ones(1)}, "no backbone.conv_stem.weight"),
        ([1, 2], "holds no state dict"),
    ],
)
def test_every_tensor_is_used_and_every_parameter_filled(
    tmp_path: Path, content: object, told: str
) -> None:
    with pytest.raises(WeightsError, match=told):
        loaded(saved(tmp_path, content))


class Code:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_checkpoint_with_code_is_refused_and_the_code_does_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = saved(tmp_path, {"state_dict": under("model", TENSORS), "hyper_parameters": Code(ran)})
    with pytest.raises(WeightsError, match="holds more than weights") as caught:
        loaded(path)
    assert "weights_only" not in str(caught.value)
    path.write_bytes(pickle.dumps(Code(ran)))
    with pytest.raises(WeightsError, match="not a checkpoint that torch wrote"):
        loaded(path)
    assert not ran.exists()
    pickle.loads(path.read_bytes())
    assert ran.exists(), "the code would not have run anyway: this test shows nothing"


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, TENSORS)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"parent\.ckpt"):
        loaded(path)


def test_an_archive_over_several_disks_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, TENSORS)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 2)
    path.write_bytes(locator + b"PK\x05\x06" + bytes(18))
    with pytest.raises(WeightsError, match="not a checkpoint that torch wrote"):
        loaded(path)


@pytest.fixture
def measured(home: Home, portraits: Path) -> Home:
    """A checkpoint of a random network, and no training photograph to be decoded."""
    invoke("data", "folder", str(portraits), "--name", "drawn")
    from train.data.dataset import Dataset

    dataset = Dataset.open(home, "drawn")
    for item in dataset.items("train"):
        (dataset.folder / item.image).write_bytes(b"no photograph")
    invoke(*MEASURE, "random", "--model", TINY)
    return home


def test_epoch_0_measures_the_first_weights_and_trains_nothing(measured: Home) -> None:
    folder = checkpoint_path(measured, registry.get(TINY)).parent
    network, record = load(folder / "checkpoint.safetensors")
    torch.manual_seed(record.config["seed"])
    untrained = registry.build(registry.get(TINY))
    assert all(map(torch.equal, network.state_dict().values(), untrained.state_dict().values()))
    assert pooled(read_counts(folder / "validation_counts.csv")) == record.validation_iou
    (row,) = csv.DictReader((folder / "history.csv").read_text().splitlines())
    assert (row["epoch"], row["loss"], float(row["iou"])) == ("0", "", record.validation_iou)
    with Image.open(folder / "curve.png") as picture:
        assert picture.format == "PNG"
    assert "trained already" in invoke(*MEASURE, "random", "--model", TINY).output


def test_a_checkpoint_fills_a_network_of_another_size(measured: Home) -> None:
    path = checkpoint_path(measured, registry.get(TINY))
    other = registry.get("mnv2_slim_unet_0.35_160")
    invoke(*MEASURE, str(path), "--model", other.name)
    network, record = load(checkpoint_path(measured, other))
    source, _ = load(path)
    assert all(map(torch.equal, network.state_dict().values(), source.state_dict().values()))
    assert (record.init.kind, record.init.source) == ("checkpoint", f"{TINY} @ drawn")
    assert record.init.sha256 == sha256_of(path)
    refused = invoke(*MEASURE, str(path), "--model", "mnv2_slim_unet_0.5_128", status=1).output
    assert f"holds {TINY}" in refused


def test_what_a_checkpoint_may_have_seen_is_told(measured: Home, portraits: Path) -> None:
    path = checkpoint_path(measured, registry.get(TINY))
    words = (*MEASURE, str(path), "--model", "mnv2_slim_unet_0.35_160")
    assert "another split" not in invoke(*words).output
    folder = ("data", "folder", str(portraits), "--name")
    # By the same rule photographs that are added move none; and another data set is another one.
    grown = measured.root / "grown"
    for side in ("images", "masks"):
        shutil.copytree(portraits / side, grown / side)
        first = min((portraits / side).iterdir())
        shutil.copy(first, grown / side / f"more{first.suffix}")
    invoke("data", "folder", str(grown), "--name", "drawn")
    assert "another split" not in invoke(*words, "--force").output
    invoke(*folder, "other", "--seed", "1")
    assert "another split" not in invoke(*words, "--force", "--data", "other").output
    invoke(*folder, "drawn", "--seed", "1")
    invoke("data", "join", "drawn", "other", "--name", "both")
    for option in (("--data", "drawn"), ("--data", "both"), ("--teacher", str(path))):
        output = invoke(*words, "--force", *option).output
        assert (
            f"{path} was trained on another split or version of drawn (sha256(seed:name), seed 0"
            in output
        )


def test_the_parents_weights_are_brought_into_the_zoo(measured: Home, tmp_path: Path) -> None:
    path = saved(tmp_path, {"state_dict": under("model", TENSORS)})
    invoke(*MEASURE, str(path), "--model", PARENT.name)
    _, record = load(checkpoint_path(measured, PARENT))
    assert (record.init.kind, record.init.source, record.epoch) == ("parent", "parent.ckpt", 0)
    refused = invoke(*MEASURE, str(path), "--model", TINY, status=1).output
    assert "mnv2_unet_parent at width 1.0" in refused


@pytest.mark.parametrize(
    ("name", "told"), [("rendom", "one of auto, random"), ("weights.bin", "no ending that tells")]
)
def test_a_source_that_is_none_is_explained(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "weights.bin").touch()
    path = name if name == "rendom" else str(tmp_path / name)
    with pytest.raises(WeightsError) as caught:
        choose_first_weights(PARENT, path, tmp_path)
    assert told in str(caught.value)
