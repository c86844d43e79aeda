"""The network as TFLite wants it: channels last, both ends named."""

from __future__ import annotations

from torch import Tensor, nn

from zoo.preprocess import OUTPUT_NAME


class ChannelsLast(nn.Module):
    """1xSxSx3 in, {mask: 1xSxSx1} out. The converter folds both permutations away."""

    def __init__(self, deployed: nn.Module) -> None:
        super().__init__()
        self.deployed = deployed

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        mask: Tensor = self.deployed(image.permute(0, 3, 1, 2))
        return {OUTPUT_NAME: mask.permute(0, 2, 3, 1)}
