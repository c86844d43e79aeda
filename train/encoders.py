"""Chooses where the encoder's first weights come from. Light: reads no weights, needs no torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from zoo.checkpoint import Init
from zoo.errors import WeightsError
from zoo.files import sha256_of
from zoo.spec import ModelSpec

CHOICES = ("auto", "random", "torchvision", "keras")
_KERAS_FILE = re.compile(r"mobilenet_?v2.*?_(?P<width>\d\.\d+)_\d+.*\.h5", re.IGNORECASE)
_TORCHVISION_FILE = "mobilenet_v2-*.pth"


@dataclass(frozen=True, kw_only=True)
class EncoderSource:
    """What the record says of the first weights, and the file they stand in (None: random)."""

    init: Init
    path: Path | None = None


def choose_encoder(spec: ModelSpec, init: str, folder: Path) -> EncoderSource:
    """By `init`: `auto`, `random`, `torchvision`, `keras`, or the path of a Keras .h5.

    `auto` takes the first of: a Keras file of this width in `folder`; torchvision's weights where
    they lie in torch's cache and the width is 1.0; random. It never reaches for a network;
    `torchvision` does. Raises WeightsError when what was asked for is not to be had.
    """
    if init == "random":
        return EncoderSource(init=Init(kind="random"))
    if init == "torchvision":
        return _torchvision(_downloaded(spec))
    if init not in CHOICES:
        return _keras(Path(init))
    found = _keras_file(spec, folder)
    if found is not None:
        return _keras(found)
    if init == "keras":
        raise WeightsError(
            f"{folder} holds no Keras MobileNetV2 of width {spec.width}",
            expected=f"a file such as mobilenet_v2_weights_..._{spec.width}_224_no_top.h5",
            remedy="--encoders FOLDER, or --init random",
        )
    cached = sorted(_torch_cache().glob(_TORCHVISION_FILE)) if spec.width == "1.0" else []
    return _torchvision(cached[-1]) if cached else EncoderSource(init=Init(kind="random"))


def _keras(path: Path) -> EncoderSource:
    if not path.is_file():
        raise WeightsError(
            f"{path} does not exist", expected=f"a Keras MobileNetV2 in .h5, or one of {CHOICES}"
        )
    init = Init(kind="keras", source=path.name, sha256=sha256_of(path))
    return EncoderSource(init=init, path=path)


def _torchvision(path: Path) -> EncoderSource:
    init = Init(kind="torchvision", source=path.name, sha256=sha256_of(path))
    return EncoderSource(init=init, path=path)


def _keras_file(spec: ModelSpec, folder: Path) -> Path | None:
    if not folder.is_dir():
        return None
    for path in sorted(folder.iterdir()):
        match = _KERAS_FILE.search(path.name)
        if match and float(match["width"]) == spec.width_multiplier:
            return path
    return None


def _torch_cache() -> Path:
    """As torch.hub documents it: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(os.environ.get("TORCH_HOME") or cache).expanduser() / "hub" / "checkpoints"


def _downloaded(spec: ModelSpec) -> Path:
    if spec.width != "1.0":
        raise WeightsError(
            f"torchvision has no MobileNetV2 of width {spec.width}",
            expected="width 1.0",
            remedy="--init keras with --encoders FOLDER, or --init random",
        )
    from torchvision.models import MobileNet_V2_Weights

    weights = MobileNet_V2_Weights.IMAGENET1K_V2
    try:
        weights.get_state_dict(progress=True, check_hash=True)
    except OSError as error:
        raise WeightsError(
            f"torchvision's weights can not be downloaded: {error}",
            expected="a network, or the file in torch's cache",
            remedy="--init keras with --encoders FOLDER, or --init random",
        ) from error
    return _torch_cache() / str(weights.url).rpartition("/")[2]
