"""Pretrained encoders: the conversion is exact where the frameworks pad alike."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest
import torch
from keras_file import write_keras_file
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from train.init.first_weights import choose_first_weights
from train.init.keras_weights import KERAS_EPSILON
from train.init.narrow import narrowed
from train.init.pretrained import IMAGENET_MEAN, IMAGENET_STD, load_first_weights
from zoo import registry
from zoo.base.errors import WeightsError
from zoo.box import take
from zoo.checkpoint import checkpoint_path, load
from zoo.home import Home
from zoo.spec import ModelSpec

SPEC = registry.get("mnv2_unet_0.35_128")
SLIM = registry.get("mnv2_slim_unet_0.35_128")
WITH_HEAD = registry.get("mnv2_unet_tf_parent_0.35_128")


def keras_stem(path: Path, image: torch.Tensor) -> torch.Tensor:
    """Keras' own first layer: inputs in -1..1, padding at the bottom and right, epsilon 1e-3."""
    with h5py.File(path) as file:
        kernel = torch.from_numpy(file["model_weights/Conv1/Conv1/kernel:0"][()])
        bn = {
            k: torch.from_numpy(v[()]) for k, v in file["model_weights/bn_Conv1/bn_Conv1"].items()
        }
    x = F.conv2d(F.pad(image * 2 - 1, (0, 1, 0, 1)), kernel.permute(3, 2, 0, 1), stride=2)
    x = F.batch_norm(
        x,
        bn["moving_mean:0"],
        bn["moving_variance:0"],
        bn["gamma:0"],
        bn["beta:0"],
        eps=KERAS_EPSILON,
    )
    return x.clamp(0, 6)


@pytest.mark.parametrize("spec", [SPEC, WITH_HEAD], ids=str)
def test_converted_stem_equals_keras_away_from_the_edges(tmp_path: Path, spec: ModelSpec) -> None:
    network = registry.build(spec).eval()
    path = tmp_path / "keras_mobilenet_v2_0.35_224.h5"
    write_keras_file(path, network)
    load_first_weights(network, choose_first_weights(spec, "keras", tmp_path), spec)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        ours, theirs = next(network.encoder.children())(image), keras_stem(path, image)
    assert torch.allclose(ours[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1], atol=1e-4)


def test_a_download_that_broke_off_is_no_encoder(tmp_path: Path) -> None:
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
    (tmp_path / f".{name}.part").write_bytes(b"half of it")
    assert choose_first_weights(SPEC, "auto", tmp_path).init.kind == "random"
    (tmp_path / name).write_bytes(b"all of it")
    assert choose_first_weights(SPEC, "auto", tmp_path).path == tmp_path / name


def test_both_padded_by_one_side_compute_the_same_encoder(tmp_path: Path) -> None:
    """All the way down: nothing of the parent's topology shifts the features of Keras' weights."""
    image, features = torch.rand(1, 3, 128, 128), []
    write_keras_file(tmp_path / "mobilenetv2_0.35_128.h5", registry.build(WITH_HEAD))
    for spec in (SPEC, WITH_HEAD):
        network = registry.build(spec).eval()
        load_first_weights(network, choose_first_weights(spec, "auto", tmp_path), spec)
        with torch.no_grad():
            features.append(network.encoder[:18](image))  # type: ignore[index]
    assert torch.equal(*features)


@pytest.mark.parametrize("init", ["keras", "inherited", "widened"])
def test_keras_weights_are_not_for_the_parents_own_padding(tmp_path: Path, init: str) -> None:
    own = registry.get("mnv2_unet_parent_0.35_128")
    write_keras_file(tmp_path / "mobilenetv2_0.35_128.h5", registry.build(own))
    assert choose_first_weights(own, "auto", tmp_path).init.kind == "random"
    with pytest.raises(WeightsError, match="pads on both sides") as refused:
        choose_first_weights(own, init, tmp_path)
    assert refused.value.remedy is not None
    assert "mnv2_unet_tf_parent_0.35_128" in refused.value.remedy
    given = choose_first_weights(own, str(tmp_path / "mobilenetv2_0.35_128.h5"), tmp_path)
    assert given.init.kind == "keras"


@pytest.mark.parametrize(
    ("spec", "depthwise_name"),
    [(SPEC, "depthwise_kernel"), (SPEC, "kernel"), (WITH_HEAD, "kernel")],
    ids=["keras 2", "keras 3", "with the head"],
)
def test_every_layer_of_the_encoder_is_filled(
    tmp_path: Path, spec: ModelSpec, depthwise_name: str
) -> None:
    network = registry.build(spec)
    before = {k: v.clone() for k, v in network.encoder.state_dict().items()}
    write_keras_file(tmp_path / "mobilenetv2_0.35_128.h5", network, depthwise_name)
    load_first_weights(network, choose_first_weights(spec, "auto", tmp_path), spec)
    after = network.encoder.state_dict()
    same = [k for k in before if "num_batches" not in k and torch.equal(before[k], after[k])]
    assert same == []


def test_a_file_of_another_width_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mobilenetv2_0.35_128.h5"
    write_keras_file(path, registry.build(SPEC))
    wide = registry.get("mnv2_unet_1.0_128")
    first = choose_first_weights(wide, str(path), tmp_path)
    with pytest.raises(WeightsError, match=r"does not fit mnv2_unet_1\.0_128"):
        load_first_weights(registry.build(wide), first, wide)


def test_a_file_that_is_not_keras_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mobilenetv2_0.35_128.h5"
    path.write_bytes(b"no h5 at all")
    first = choose_first_weights(SPEC, "keras", tmp_path)
    with pytest.raises(WeightsError, match="not a Keras MobileNetV2"):
        load_first_weights(registry.build(SPEC), first, SPEC)


def test_a_checkpoint_of_another_architecture_gives_its_encoder(home: Home) -> None:
    lean = registry.get("mnv2_unet_0.35_160")
    take(home, lean)
    path = checkpoint_path(home, lean)
    first = choose_first_weights(SLIM, str(path), home.root)
    assert (first.init.kind, first.init.source) == ("encoder", f"{lean} @ lfw")
    network, (donor, _) = registry.build(SLIM), load(path)
    load_first_weights(network, first, SLIM)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        ours, theirs = ([*one.eval().encoder.children()] for one in (network, donor))
        found = torch.nn.Sequential(*ours)(image)
        assert torch.equal(found, torch.nn.Sequential(*theirs[: len(ours)])(image))
    # The slim encoder lacks a block of the other one; the parent's pads otherwise.
    take(home, SLIM)
    whole = choose_first_weights(lean, str(checkpoint_path(home, SLIM)), home.root)
    with pytest.raises(WeightsError, match=r"does not fit mnv2_unet_0\.35_160"):
        load_first_weights(registry.build(lean), whole, lean)
    with pytest.raises(WeightsError, match=r"does not fit mnv2_unet_parent_0\.35_128"):
        choose_first_weights(registry.get("mnv2_unet_parent_0.35_128"), str(path), home.root)


def test_auto_takes_torchvision_weights_from_the_cache(home: Home) -> None:
    cache = home.root / "no-cache" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    theirs = mobilenet_v2(weights=None).eval()
    torch.save(theirs.state_dict(), cache / "mobilenet_v2-7ebf99e0.pth")
    image = torch.rand(1, 3, 64, 64)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    for name in ("mnv2_unet_1.0_128", "mnv2_unet_parent_1.0_128"):
        spec = registry.get(name)
        first = choose_first_weights(spec, "auto", home.encoders)
        assert (first.init.kind, first.init.source) == ("torchvision", "mobilenet_v2-7ebf99e0.pth")
        network = registry.build(spec).eval()
        load_first_weights(network, first, spec)
        expected = theirs.state_dict()["features.16.conv.2.weight"]
        assert torch.equal(network.encoder.state_dict()["16.conv.2.weight"], expected)
        with torch.inference_mode():
            shift = 0 if spec.arch == "mnv2_unet_parent" else 1
            ours = next(network.encoder.children())(torch.roll(image, (shift, shift), dims=(2, 3)))
            stem = theirs.features[0]((image - mean) / std)
        assert torch.allclose(ours[..., 1:-1, 1:-1], stem[..., 1:-1, 1:-1], atol=1e-5)
    expected = theirs.state_dict()["features.18.0.weight"]
    assert torch.equal(network.encoder.state_dict()["18.0.weight"], expected)


def test_a_width_that_nobody_pretrained_inherits_the_channels_that_matter(tmp_path: Path) -> None:
    wide, narrow = registry.get("mnv2_unet_1.0_128"), registry.get("mnv2_unet_0.5_128")
    teacher = registry.build(wide).eval()
    # Channels that the narrow one has no room for read and write nothing: it loses nothing.
    like = registry.build(narrow).encoder.state_dict()
    room = {name: len(tensor) for name, tensor in like.items() if tensor.ndim}
    state = teacher.encoder.state_dict()
    for name, tensor in state.items():
        if tensor.ndim == 1 and not name.endswith("running_var"):
            tensor[room[name] :] = 0
            tensor[: room[name]] = torch.rand(room[name]) + 0.5
    student = registry.build(narrow).eval()
    student.encoder.load_state_dict(narrowed(state, student.encoder.state_dict()))
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected, found = teacher.encoder(image), student.encoder(image)
    assert torch.allclose(expected[:, : found.shape[1]], found, rtol=1e-3, atol=1e-4)

    write_keras_file(tmp_path / "mobilenetv2_1.0_224.h5", teacher)
    first = choose_first_weights(narrow, "auto", tmp_path)
    assert first.init.kind == "inherited"
    load_first_weights(student, first, narrow)
    with pytest.raises(WeightsError, match=r"wider than 1\.0"):
        choose_first_weights(wide, "inherited", tmp_path)


def test_a_width_that_nobody_pretrained_holds_a_narrower_one(tmp_path: Path) -> None:
    known = registry.build(SPEC).eval()
    write_keras_file(tmp_path / "mobilenetv2_0.35_224.h5", known)
    load_first_weights(known, choose_first_weights(SPEC, "keras", tmp_path), SPEC)
    wider = registry.get("mnv2_unet_0.5_128")
    first = choose_first_weights(wider, "auto", tmp_path)
    assert first.init.kind == "widened"
    student = registry.build(wider).eval()
    load_first_weights(student, first, wider)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected, found = known.encoder(image), student.encoder(image)
    assert found.shape[1] > expected.shape[1]
    assert torch.allclose(expected, found[:, : expected.shape[1]], rtol=1e-3, atol=1e-4)
    assert found[:, expected.shape[1] :].std() > 0

    with pytest.raises(WeightsError, match=r"narrower than 0\.35"):
        choose_first_weights(SPEC, "widened", tmp_path)
    write_keras_file(
        tmp_path / "mobilenetv2_1.0_224.h5", registry.build(registry.get("mnv2_unet_1.0_128"))
    )
    nearest = [
        choose_first_weights(registry.get(f"mnv2_unet_{w}_128"), "auto", tmp_path)
        for w in ("0.5", "0.75")
    ]
    assert [each.init.kind for each in nearest] == ["widened", "inherited"]


def test_auto_without_weights_says_random_and_keras_is_an_error(home: Home, tmp_path: Path) -> None:
    narrow = registry.get("mnv2_unet_0.5_128")
    assert choose_first_weights(narrow, "auto", tmp_path).init.kind == "random"
    with pytest.raises(WeightsError, match=r"no Keras MobileNetV2 of width 0\.5"):
        choose_first_weights(narrow, "keras", tmp_path)
