"""Dice, the parent project's loss, plus binary cross-entropy."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_SMOOTHING = 1.0  # one pixel: keeps an image without hair from dividing by nothing


def dice_loss(logits: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """1 - Dice over the whole batch; logits and soft target [N, 1, S, S]. Milletari 2016.

    known: 1 where there is a label, 0 where there is none; null for labels everywhere.
    """
    probability = torch.sigmoid(logits)
    if known is not None:
        probability, target = probability * known, target * known
    overlap = (probability * target).sum()
    total = probability.sum() + target.sum()
    return 1 - (2 * overlap + _SMOOTHING) / (total + _SMOOTHING)


def segmentation_loss(
    logits: Tensor, target: Tensor, bce_share: float, known: Tensor | None = None
) -> Tensor:
    """bce_share of BCE and the rest of Dice, in fp32 whatever the logits came in; `known` as in
    `dice_loss`."""
    logits = logits.float()
    if known is None:
        bce = F.binary_cross_entropy_with_logits(logits, target)
    else:
        each = F.binary_cross_entropy_with_logits(logits, target, weight=known, reduction="sum")
        bce = each / known.sum().clamp(min=1)
    return bce_share * bce + (1 - bce_share) * dice_loss(logits, target, known)
