"""TFLite: NHWC and float at both ends, by litert-torch; precisions by ai-edge-quantizer."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from zoo.preprocess import INPUT_NAME, OUTPUT_NAME
from zoo.spec import ModelSpec


class ChannelsLast(nn.Module):
    """1xSxSx3 in, {mask: 1xSxSx1} out. The converter folds both permutations away."""

    def __init__(self, deployed: nn.Module) -> None:
        super().__init__()
        self.deployed = deployed

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        mask: Tensor = self.deployed(image.permute(0, 3, 1, 2))
        return {OUTPUT_NAME: mask.permute(0, 2, 3, 1)}


def export(deployed: nn.Module, spec: ModelSpec, precision: str, path: Path) -> None:
    """Write `path`; raises whatever litert-torch raises."""
    import litert_torch

    example = torch.zeros(1, spec.size, spec.size, 3)
    model = litert_torch.convert(ChannelsLast(deployed).eval(), sample_kwargs={INPUT_NAME: example})
    model.export(str(path))


def recast(source: Path, precision: str, path: Path) -> None:
    """Write `path` from the fp32 file `source`, weights in fp16; raises what the quantizer raises.

    Both ends and the arithmetic stay fp32, unless a delegate computes in fp16.
    """
    from ai_edge_quantizer import quantizer

    assert precision == "fp16"
    recipe = quantizer.Quantizer(str(source))
    recipe.add_weight_only_config(
        regex=".*",
        operation_name=quantizer.qtyping.TFLOperationName.ALL_SUPPORTED,
        num_bits=16,
        algorithm_key=quantizer.AlgorithmName.FLOAT_CASTING,
    )
    path.write_bytes(recipe.quantize().quantized_model)
