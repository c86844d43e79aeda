"""One width at several input sizes: the kernels are one, all else is each size's own.

A batch norm's statistics depend on how large things appear, and so on the input's size; sharing
them costs accuracy. So each size has its own batch norms and biases, as in switchable batch norm
(Yu et al., arXiv 1812.08928; over resolutions: Wang et al., arXiv 2007.09558), and a batch trains
those of its size and the kernels of all. The head needs no kernel of its own: the batch norm in
front of it scales each of its channels.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from zoo import registry
from zoo.network import SegmentationNetwork
from zoo.spec import ModelSpec


class SharedSizes(nn.Module):
    """A network a size, of one architecture and width, their kernels tied.

    forward: RGB [N, 3, S, S] in 0..1 to logits [N, 1, S, S], by the network of size S.
    """

    def __init__(self, networks: dict[int, SegmentationNetwork]) -> None:
        super().__init__()
        self.by_size = nn.ModuleDict({str(size): n for size, n in networks.items()})
        first, *others = networks.values()
        for other in others:
            _tie(first, other)

    def of(self, size: int) -> SegmentationNetwork:
        network = self.by_size[str(size)]
        assert isinstance(network, SegmentationNetwork)
        return network

    @property
    def sizes(self) -> list[int]:
        return [int(size) for size in self.by_size]

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.of(image.shape[-1])(image)
        return logits

    def encoder_parameters(self) -> list[nn.Parameter]:
        return [p for size in self.sizes for p in self.of(size).encoder.parameters()]


def build(specs: Sequence[ModelSpec]) -> SharedSizes:
    """Fresh networks of one architecture and width, a size each (torch's global generator)."""
    return SharedSizes({spec.size: registry.build(spec) for spec in specs})


def _tie(first: SegmentationNetwork, other: SegmentationNetwork) -> None:
    """Give `other` the kernels of `first`: the very same parameters."""
    for name, layer in other.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.weight = first.get_submodule(name).weight  # type: ignore[assignment]
