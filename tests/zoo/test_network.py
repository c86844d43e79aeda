"""The networks, over the registry: a new variant is tested by being registered."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from zoo import registry
from zoo.base.errors import InvalidSize
from zoo.complexity import complexity
from zoo.export.fold import folded
from zoo.spec import ModelSpec

SPECS = registry.all_specs()
SMALLEST = [s for s in SPECS if s.size == min(x.size for x in SPECS if x.arch == s.arch)]
# Every width, with the sizes in turn: not the whole grid.
TURNS = [
    ModelSpec(arch=arch, width=width, size=size)
    for arch, family in registry.ARCHITECTURES.items()
    for width, size in zip(family.widths, itertools.cycle(family.sizes), strict=False)
]


@pytest.mark.parametrize("spec", TURNS, ids=str)
def test_logits_have_the_size_of_the_input(spec: ModelSpec) -> None:
    network = registry.build(spec).eval()
    with torch.inference_mode():
        logits = network(torch.rand(1, 3, spec.size, spec.size))
    assert logits.shape == (1, 1, spec.size, spec.size)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("spec", SMALLEST, ids=str)
def test_every_parameter_learns(spec: ModelSpec) -> None:
    network = registry.build(spec)
    network(torch.rand(2, 3, spec.size, spec.size)).square().mean().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("spec", SMALLEST, ids=str)
def test_folded_batch_norms_change_nothing(spec: ModelSpec) -> None:
    network = registry.build(spec)
    network(torch.rand(2, 3, spec.size, spec.size))  # statistics that are not the first ones
    image = torch.rand(1, 3, spec.size, spec.size)
    with torch.inference_mode():
        expected, found = network.eval()(image), folded(network)(image)
    assert torch.allclose(expected, found, atol=1e-4)
    with pytest.raises(ValueError, match="cannot be folded"):
        folded(torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.Conv2d(3, 3, 1)))


def test_the_encoder_is_torchvisions_but_for_the_side_it_is_padded_on() -> None:
    network = registry.build(registry.get("mnv2_slim_unet_1.0_128"))
    theirs = mobilenet_v2(weights=None).features[:17].eval()
    network.encoder.load_state_dict(theirs.state_dict())
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.stride == (2, 2):
            layer.padding = (0, 0)
            layer.register_forward_pre_hook(lambda _, x: F.pad(x[0], (0, 1, 0, 1)))
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network.encoder.eval()(image), theirs(image))


def test_the_1280_channel_convolution_is_not_built() -> None:
    network = registry.build(registry.get("mnv2_slim_unet_1.0_128"))
    assert max(p.shape[0] for p in network.parameters()) < 1280


@pytest.mark.parametrize(
    ("name", "million"),
    # By hand, of the decoders by level and of their heads: 6.0 + 6.3 + 6.6 + 5.4 + 0.1 M of the
    # slim one, 24.9 + 13.8 + 11.8 + 13.6 + 0.1 M of the one before.
    [
        ("mnv2_slim_unet_0.5_224", 104),
        ("mnv2_unet_0.5_224", 150),
        ("mnv2_unet_parent_0.5_224", 256),
    ],
)
def test_macs_are_those_of_the_design(name: str, million: int) -> None:
    assert round(complexity(registry.get(name)).macs / 1e6) == million


@pytest.mark.parametrize("spec", registry.all_specs(), ids=str)
def test_parameters_and_macs_are_those_of_a_whole_pass(spec: ModelSpec) -> None:
    network = registry.build(spec).eval()
    seen: list[int] = []

    def count(layer: torch.nn.Module, given: tuple[Tensor], output: Tensor) -> None:
        # A kernel is applied at each output, that of a transposed convolution at each input.
        transposed = isinstance(layer, torch.nn.ConvTranspose2d)
        pixels = (given[0] if transposed else output)[0, 0].numel()
        seen.append(layer.get_parameter("weight").numel() * pixels)

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, spec.size, spec.size))
    counted = complexity(spec)
    assert counted.macs == sum(seen)
    assert counted.parameters == sum(each.numel() for each in network.parameters())


def test_a_size_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(InvalidSize, match="100x100"):
        registry.build(ModelSpec(arch="mnv2_unet", width="0.5", size=100))
