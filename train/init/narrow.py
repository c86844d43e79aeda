"""A narrower encoder inherited from a wider one: the channels that matter most, kept with weights.

For a width that nobody pretrained. A channel matters by how much it varies times how strongly it
is read: the scale of its batch norm times the norm of the kernels behind it, in the spirit of
network slimming (Liu et al., arXiv 1708.06519). Blocks that add to one another keep the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from zoo.base.errors import WeightsError

# Blocks of torchvision's `features` whose outputs are added together.
STAGES = ((1,), (2, 3), (4, 5, 6), (7, 8, 9, 10), (11, 12, 13), (14, 15, 16), (17,))
# The 1280-channel convolution, where the encoder keeps it.
HEAD = "18.0.weight"
NORM = ("weight", "bias", "running_mean", "running_var")


def narrowed(wide: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of `wide` cut to the shapes of `like`; both named as torchvision's `features`.

    Raises WeightsError where `like` is wider anywhere.
    """
    narrow = dict(like)
    stem = wide["0.1.weight"].abs() * _norm(wide["1.conv.0.0.weight"], over=0)
    stream = _strongest(stem, like["0.0.weight"].shape[0])
    _cut(narrow, wide, "0.0", "0.1", stream, None)
    for index, stage in enumerate(STAGES):
        if f"{_project(stage[0])[0]}.weight" not in like:
            break  # a shorter encoder
        following = STAGES[index + 1][0] if index + 1 < len(STAGES) else None
        count = like[f"{_project(stage[0])[0]}.weight"].shape[0]
        kept = _strongest(_stage_strength(wide, stage, following), count)
        for block in stage:
            _cut_block(narrow, wide, like, block, stream, kept)
            stream = kept
    if HEAD in like:
        narrow[HEAD] = wide[HEAD][: len(like[HEAD]), stream]
    return narrow


def _project(block: int) -> tuple[str, str]:
    """Names of the block's linear projection and its batch norm."""
    first = 1 if block == 1 else 2
    return f"{block}.conv.{first}", f"{block}.conv.{first + 1}"


def _stage_strength(
    wide: Mapping[str, Tensor], stage: tuple[int, ...], following: int | None
) -> Tensor:
    """How much each output channel of a stage varies, times how strongly it is read."""
    varies = torch.stack([wide[f"{_project(block)[1]}.weight"] for block in stage]).square().sum(0)
    readers = [*stage[1:], *([following] if following else [])]
    if not readers:
        return varies.sqrt()
    read = torch.stack([_norm(wide[f"{b}.conv.0.0.weight"], over=1) for b in readers])
    return varies.sqrt() * read.square().sum(0).sqrt()


def _cut_block(
    narrow: dict[str, Tensor],
    wide: Mapping[str, Tensor],
    like: Mapping[str, Tensor],
    block: int,
    incoming: Tensor,
    outgoing: Tensor,
) -> None:
    project, project_norm = _project(block)
    hidden = incoming
    depthwise = f"{block}.conv.0"
    if block > 1:
        depthwise = f"{block}.conv.1"
        strength = wide[f"{depthwise}.1.weight"].abs() * _norm(wide[f"{project}.weight"], over=1)
        hidden = _strongest(strength, like[f"{project}.weight"].shape[1])
        _cut(narrow, wide, f"{block}.conv.0.0", f"{block}.conv.0.1", hidden, incoming)
    _cut(narrow, wide, f"{depthwise}.0", f"{depthwise}.1", hidden, None)
    _cut(narrow, wide, project, project_norm, outgoing, hidden)


def _cut(
    narrow: dict[str, Tensor],
    wide: Mapping[str, Tensor],
    layer: str,
    norm: str,
    outgoing: Tensor,
    incoming: Tensor | None,
) -> None:
    """One convolution and its batch norm; incoming None: from all (the image), or depthwise."""
    kernel = wide[f"{layer}.weight"][outgoing]
    narrow[f"{layer}.weight"] = kernel if incoming is None else kernel[:, incoming]
    for name in NORM:
        narrow[f"{norm}.{name}"] = wide[f"{norm}.{name}"][outgoing]


def _norm(kernel: Tensor, over: int) -> Tensor:
    """Of each channel of [out, in, h, w]: over=1 of those read, over=0 of those made."""
    norms: Tensor = kernel.transpose(0, over).flatten(1).square().sum(dim=1).sqrt()
    return norms


def _strongest(strength: Tensor, count: int) -> Tensor:
    """Indices of the `count` largest, in their old order."""
    if count > len(strength):
        raise WeightsError(
            f"{count} channels cannot be kept of {len(strength)}",
            expected="an encoder wider than the one to fill",
        )
    return strength.topk(count).indices.sort().values
