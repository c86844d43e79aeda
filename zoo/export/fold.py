"""Folds batch norms into the convolutions before them, as every runtime would have to."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """A copy in eval mode that computes the same without batch norms.

    Done here, and not left to the converters, because they take a batch norm apart into a dozen
    operators first: litert-torch spends most of its time on those. Raises ValueError for a batch
    norm that does not directly follow a convolution in an `nn.Sequential`.
    """
    copied = copy.deepcopy(network).eval()
    for parent in list(copied.modules()):
        if isinstance(parent, nn.Sequential):
            _fold(parent)
    left = [name for name, layer in copied.named_modules() if isinstance(layer, nn.BatchNorm2d)]
    if left:
        raise ValueError(f"{left[0]} follows no convolution directly: it cannot be folded")
    return copied


def _fold(parent: nn.Sequential) -> None:
    for (name, layer), (norm_name, norm) in pairwise(list(parent.named_children())):
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(parent, name, fuse_conv_bn_eval(layer, norm))
            setattr(parent, norm_name, nn.Identity())
