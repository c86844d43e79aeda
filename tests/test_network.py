"""The networks, over the registry: a new variant is tested by being registered."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import mobilenet_v2

from zoo import registry
from zoo.errors import InvalidSize
from zoo.network import complexity
from zoo.spec import ModelSpec

SPECS = registry.all_specs()
SMALLEST = [s for s in SPECS if s.size == min(x.size for x in SPECS if x.arch == s.arch)]


@pytest.mark.parametrize("spec", SPECS, ids=str)
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


def test_torchvision_weights_load_by_their_names() -> None:
    network = registry.build(registry.get("mnv2_unet_1.0_128"))
    theirs = mobilenet_v2(weights=None).features
    network.encoder.load_state_dict(
        {k: v for k, v in theirs.state_dict().items() if not k.startswith("18.")}
    )
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(network.encoder.eval()(image), theirs[:18].eval()(image))


def test_the_1280_channel_convolution_is_not_built() -> None:
    network = registry.build(registry.get("mnv2_unet_1.0_128"))
    assert max(p.shape[0] for p in network.parameters()) < 1280


def test_macs_are_those_of_the_design() -> None:
    # 162.27 M by hand: 86.1 M in the encoder, 76.2 M in the decoder.
    assert round(complexity(registry.get("mnv2_unet_0.5_224")).macs / 1e6) == 162


def test_a_size_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(InvalidSize, match="100x100"):
        registry.build(ModelSpec(arch="mnv2_unet", width="0.5", size=100))
