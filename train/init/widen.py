"""A wider encoder that holds a narrower one: its channels first, new random ones beside them.

For a width that nobody pretrained. At first the old channels read nothing from the new ones, so
they compute what they were pretrained for; training joins the two. In the spirit of Net2Net's
wider student (Chen et al., arXiv 1511.05641), which copies channels where these are random.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from zoo.base.errors import WeightsError


def widened(narrow: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`like`, a fresh encoder, with the tensors of `narrow` in the first places of its own.

    Both named as torchvision's `features`. Raises WeightsError where `narrow` is wider anywhere.
    """
    wide = {name: tensor.clone() for name, tensor in like.items()}
    for name, tensor in wide.items():
        known = narrow[name]
        if any(k > w for k, w in zip(known.shape, tensor.shape, strict=True)):
            raise WeightsError(
                f"{name}: {tuple(known.shape)} does not fit into {tuple(tensor.shape)}",
                expected="an encoder narrower than the one to fill",
            )
        if known.ndim > 1:
            tensor[: len(known)] = 0
        tensor[tuple(slice(length) for length in known.shape)] = known
    return wide
