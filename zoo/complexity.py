"""What a network costs on paper: its parameters and its multiply-accumulates, in closed form.

Nothing is built: the layers follow from the width, so that a list of all variants needs no torch.
Tests hold every figure to what hooks count in the network itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from zoo.spec import ModelSpec

# Table 2 of MobileNetV2 (arXiv 1801.04381): expansion, channels, repeats, first stride.
BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM, HEAD, DIVISOR = 32, 1280, 8


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """Trainable parameters, and multiply-accumulates of one inference in convolutions."""

    parameters: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """kernel: side. stride: of its positions to the image's pixels; those of a transposed one are
    its input's. beside: parameters a channel beside its kernel: 2 of a batch norm, 1 of a bias."""

    given: int
    made: int
    kernel: int
    stride: int
    groups: int = 1
    beside: int = 2

    @property
    def weights(self) -> int:
        return self.given // self.groups * self.made * self.kernel**2

    @property
    def parameters(self) -> int:
        return self.weights + self.beside * self.made


@cache
def complexity(spec: ModelSpec) -> Complexity:
    """Of a registered variant."""
    layers = list(LAYERS[spec.arch](spec.width_multiplier))
    macs = sum(layer.weights * (spec.size // layer.stride) ** 2 for layer in layers)
    return Complexity(parameters=sum(layer.parameters for layer in layers), macs=macs)


def _channels(count: int, width: float) -> int:
    """The nearest multiple of 8, no more than a tenth below; as torchvision rounds."""
    near = max(DIVISOR, int(count * width + DIVISOR / 2) // DIVISOR * DIVISOR)
    return near + DIVISOR if near < 0.9 * count * width else near


def _inverted_residual(
    given: int, made: int, expansion: int, stride: int, step: int = 1
) -> Iterator[Convolution]:
    """stride: of its input. step: its own stride."""
    wide = given * expansion
    if expansion != 1:
        yield Convolution(given=given, made=wide, kernel=1, stride=stride)
    stride *= step
    yield Convolution(given=wide, made=wide, kernel=3, stride=stride, groups=wide)
    yield Convolution(given=wide, made=made, kernel=1, stride=stride)


def _encoder(
    width: float, blocks: Iterable[tuple[int, int, int, int]] = BLOCKS
) -> tuple[list[Convolution], dict[int, int]]:
    """The layers up to the last block, and the channels at each stride's end."""
    channels, stride = _channels(STEM, width), 2
    layers = [Convolution(given=3, made=channels, kernel=3, stride=stride)]
    ends = {}
    for expansion, count, repeats, first in blocks:
        made = _channels(count, width)
        for repeat in range(repeats):
            step = first if repeat == 0 else 1
            layers += _inverted_residual(channels, made, expansion, stride, step)
            channels, stride = made, stride * step
        ends[stride] = channels
    return layers, ends


def _slim(width: float) -> Iterator[Convolution]:
    """`zoo.mnv2_slim_unet.MobileNetV2SlimUNet`: as `_lean`, with skips that are added."""
    layers, ends = _encoder(width, BLOCKS[:-1])
    yield from layers
    deep = ends[32]
    for stride, least, expansion in ((16, 64, 3), (8, 32, 3), (4, 16, 3), (2, 8, 2)):
        skip = ends[stride]
        made = max(skip, least)
        yield Convolution(given=deep, made=made, kernel=1, stride=2 * stride)
        if skip != made:
            yield Convolution(given=skip, made=made, kernel=1, stride=stride)
        yield from _inverted_residual(made, made, expansion, stride)
        deep = made
    yield Convolution(given=deep, made=1, kernel=1, stride=2, beside=1)


def _lean(width: float) -> Iterator[Convolution]:
    """`zoo.mnv2_unet.MobileNetV2UNet`: 1x1 reductions and inverted residuals."""
    layers, ends = _encoder(width)
    yield from layers
    deep = ends[32]
    for stride, least, expansion in ((16, 64, 6), (8, 32, 4), (4, 16, 2), (2, 8, 2)):
        made = max(ends[stride], least)
        yield Convolution(given=deep, made=made, kernel=1, stride=2 * stride)
        yield from _inverted_residual(made + ends[stride], made, expansion, stride)
        deep = made
    yield Convolution(given=deep, made=1, kernel=1, stride=2, beside=1)


def _parent(width: float) -> Iterator[Convolution]:
    """`zoo.mnv2_unet_parent.ParentUNet`: its head of 1280 channels and transposed convolutions."""
    layers, ends = _encoder(width)
    yield from layers
    deep = _channels(HEAD, max(1.0, width))
    # Its batch norm is deleted, and it has no bias.
    yield Convolution(given=ends[32], made=deep, kernel=1, stride=32, beside=0)
    for stride in (16, 8, 4, 2):
        made = ends[stride]
        yield Convolution(given=deep, made=made, kernel=4, stride=2 * stride, beside=1)
        yield from _inverted_residual(2 * made, made, 6, stride)
        deep = made
    yield Convolution(given=deep, made=3, kernel=1, stride=2, beside=1)
    yield Convolution(given=3, made=1, kernel=1, stride=2, beside=1)


LAYERS: Mapping[str, Callable[[float], Iterator[Convolution]]] = MappingProxyType(
    {
        "mnv2_slim_unet": _slim,
        "mnv2_unet": _lean,
        "mnv2_unet_parent": _parent,
        "mnv2_unet_tf_parent": _parent,
    }
)
