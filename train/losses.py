"""Dice, the parent project's loss, plus binary cross-entropy."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_SMOOTHING = 1.0  # one pixel: keeps an image without hair from dividing by nothing


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """1 - Dice over the whole batch; logits and soft target [N, 1, S, S]. Milletari 2016."""
    probability = torch.sigmoid(logits)
    overlap = (probability * target).sum()
    total = probability.sum() + target.sum()
    return 1 - (2 * overlap + _SMOOTHING) / (total + _SMOOTHING)


def segmentation_loss(logits: Tensor, target: Tensor, bce_share: float) -> Tensor:
    """bce_share of BCE and the rest of Dice, in fp32 whatever the logits came in."""
    logits = logits.float()
    bce = F.binary_cross_entropy_with_logits(logits, target)
    return bce_share * bce + (1 - bce_share) * dice_loss(logits, target)
