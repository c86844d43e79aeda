"""Reads a checkpoint of the parent project (akirasosa/mobile-semantic-segmentation).

A PyTorch Lightning file whose `state_dict` holds the network as `model.` and, where it was trained
with an exponential moving average, that as `ema_model.`; or such a state dict alone. The backbone
is timm's mobilenetv2_100. Weights are read and nothing else: a pickle that asks for more could run
code, and is refused unopened.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from zoo.base.errors import WeightsError

# The average first, as the parent's own loader prefers it; none for the network's state alone.
PREFIXES = ("ema_model.", "model.", "")
# Inverted residuals in each of timm's stages.
STAGES = (1, 2, 3, 4, 3, 3, 1)
UP_BLOCKS = 4
# timm's modules in torchvision's places: of the first block, which does not expand, and the rest.
FIRST_BLOCK = {"conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"}
BLOCK = {
    "conv_pw": "0.0",
    "bn1": "0.1",
    "conv_dw": "1.0",
    "bn2": "1.1",
    "conv_pwl": "2",
    "bn3": "3",
}


def read_parent(path: Path) -> dict[str, Tensor]:
    """The tensors by the names of `mnv2_unet_parent`, averaged ones where the file has them.

    Raises WeightsError for a file that holds more than weights, and naming the first tensor that
    has no place in the network.
    """
    state = _state_dict(path)
    stem = "backbone.conv_stem.weight"
    prefix = next((p for p in PREFIXES if p + stem in state), None)
    if prefix is None:
        raise WeightsError(
            f"{path} holds no {stem}", expected="a checkpoint of the parent project's network"
        )
    modules = _modules()
    tensors: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if prefix == "ema_model." and name.startswith("model."):
            continue
        module, _, kind = name.removeprefix(prefix).rpartition(".")
        if not name.startswith(prefix) or module not in modules:
            raise WeightsError(
                f"{path}: {name} has no place in the network",
                expected="the tensors of the parent project's MobileNetV2_unet",
            )
        tensors[f"{modules[module]}.{kind}"] = tensor
    return tensors


def _modules() -> dict[str, str]:
    """Where each of the parent's modules stands here."""
    modules = {
        "backbone.conv_stem": "encoder.0.0",
        "backbone.bn1": "encoder.0.1",
        "backbone.conv_head": "encoder.18.0",
        "conv_last.0": "head.0",
        "conv_last.1": "head.1",
    }
    blocks = [(stage, index) for stage, count in enumerate(STAGES) for index in range(count)]
    for ours, (stage, index) in enumerate(blocks, start=1):
        for theirs, place in (FIRST_BLOCK if stage == 0 else BLOCK).items():
            modules[f"backbone.blocks.{stage}.{index}.{theirs}"] = f"encoder.{ours}.conv.{place}"
    for up in range(UP_BLOCKS):
        modules[f"up_sample_blocks.{up}.dconv"] = f"decoder.{up}.up"
        for place in BLOCK.values():
            modules[f"up_sample_blocks.{up}.invres.conv.{place}"] = f"decoder.{up}.mix.conv.{place}"
    return modules


def _state_dict(path: Path) -> dict[str, Tensor]:
    stored = _load_weights(path)
    state = stored.get("state_dict", stored) if isinstance(stored, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise WeightsError(f"{path} holds no state dict", expected="names and tensors")
    return state


def _is_archive(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # raised, not told, for an archive over several disks
        return False


def _load_weights(path: Path) -> object:
    """What torch reads as weights alone. Its own error is not shown: it advises to run the code."""
    if not _is_archive(path):
        raise WeightsError(
            f"{path} is not a checkpoint that torch wrote", expected="a file by torch.save"
        )
    try:
        unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        if not unsafe:
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        raise WeightsError(
            f"{path} cannot be read as weights: it is damaged, or holds more than they",
            expected="a whole file of tensors by torch.save",
        ) from error
    raise WeightsError(
        f"{path} holds more than weights ({', '.join(sorted(unsafe))}): it could run code",
        expected="tensors and plain values alone",
        remedy="where it was trained, save the tensors alone: "
        f"torch.save(torch.load('{path.name}')['state_dict'], 'weights.ckpt')",
    )
