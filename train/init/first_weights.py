"""Chooses where a network's first weights come from. Light: reads no weights, needs no torch."""

from __future__ import annotations

import math
import os
import pickle
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from zoo.base.errors import WeightsError
from zoo.base.files import sha256_of
from zoo.checkpoint import Init, Split, read_record
from zoo.spec import ModelSpec

CHOICES = ("auto", "random", "torchvision", "keras", "inherited", "widened")
PARENT = ("mnv2_unet_parent", "1.0")
# Padded otherwise than Keras' weights were trained; and the same topology padded as they were.
PADS_BOTH_SIDES, PADS_ONE_SIDE = "mnv2_unet_parent", "mnv2_unet_tf_parent"
_KERAS_FILE = re.compile(r"mobilenet_?v2.*?_(?P<width>\d\.\d+)_\d+.*\.h5$", re.IGNORECASE)
# The second of two, the better ones, which `--init torchvision` asks for.
_TORCHVISION_FILE = "mobilenet_v2-7ebf99e0.pth"


@dataclass(frozen=True, kw_only=True)
class FirstWeights:
    """What the record says of the first weights, and the file they stand in (None: random).

    split: what a checkpoint of this project was trained on.
    """

    init: Init
    path: Path | None = None
    split: Split | None = None

    @property
    def pretrained(self) -> bool:
        return self.path is not None


def choose_first_weights(spec: ModelSpec, init: str, folder: Path) -> FirstWeights:
    """By `init`: one of CHOICES, or a file.

    Of the encoder: `auto` takes the first of a Keras file of this width in `folder`; torchvision's
    weights where they lie in torch's cache and the width is 1.0; of the Keras files of other widths
    the nearest by ratio, of a wider one the channels that matter most (`inherited`), of a narrower
    one all beside new ones (`widened`); random. It never reaches for a network; `torchvision`
    does. Keras' weights are not for a network that pads on both sides: there `auto` leaves them
    out. A file by its ending: `.h5` is a Keras encoder, whatever it is to fill, and of whole
    networks `.safetensors` is a checkpoint of this project, `.ckpt` one of the parent's. Of a
    checkpoint of another architecture and this width, the encoder is taken (`encoder`). Raises
    WeightsError when what was asked for is not to be had.
    """
    if init == "random":
        return FirstWeights(init=Init(kind="random"))
    if init == "torchvision":
        return _from("torchvision", _downloaded(spec))
    if init not in CHOICES:
        return _of_file(spec, Path(init))
    one_sided = spec.arch != PADS_BOTH_SIDES
    found = _keras_files(folder) if one_sided else {}
    if init == "auto":
        return _nearest_at_hand(spec, found)
    if not one_sided:
        _refuse_padding(spec)
    path = found.get(_width_for(spec, found, init))
    return _from(init, path or _absent(folder, spec, init))


def _nearest_at_hand(spec: ModelSpec, found: Mapping[float, Path]) -> FirstWeights:
    own = found.get(spec.width_multiplier)
    if own:
        return _from("keras", own)
    cached = _torch_cache() / _TORCHVISION_FILE
    if spec.width == "1.0" and cached.is_file():
        return _from("torchvision", cached)
    if not found:
        return FirstWeights(init=Init(kind="random"))
    width = min(found, key=lambda other: abs(math.log(other / spec.width_multiplier)))
    kind = "inherited" if width > spec.width_multiplier else "widened"
    return _from(kind, found[width])


def _of_file(spec: ModelSpec, path: Path) -> FirstWeights:
    if not path.is_file():
        raise WeightsError(
            f"{path} does not exist",
            expected=f"one of {', '.join(CHOICES)}, or a file of weights",
            remedy="bench train --help",
        )
    match path.suffix:
        case ".h5":
            return _from("keras", path)
        case ".safetensors":
            return _of_checkpoint(spec, path)
        case ".ckpt":
            return _of_parent(spec, path)
    raise WeightsError(
        f"{path.name} has no ending that tells what it is",
        expected=".h5 (Keras), .safetensors (a checkpoint of this project), .ckpt (the parent's)",
        remedy="bench train --help",
    )


def _of_checkpoint(spec: ModelSpec, path: Path) -> FirstWeights:
    """Any size will do: the weights do not depend on it. Of another architecture the encoder does,
    if both pad alike."""
    record = read_record(path)
    other = record.spec
    alike = (other.arch == PADS_BOTH_SIDES) == (spec.arch == PADS_BOTH_SIDES)
    if other.width != spec.width or not alike:
        raise WeightsError(
            f"{path} holds {record.model}: it does not fit {spec.name}",
            expected=f"a checkpoint of {spec.arch} at width {spec.width}, of any size",
            remedy="a checkpoint of that width, or --init auto",
        )
    kind = "checkpoint" if other.arch == spec.arch else "encoder"
    found = _from(kind, path, f"{record.model} @ {record.split.dataset}")
    return replace(found, split=record.split)


def _of_parent(spec: ModelSpec, path: Path) -> FirstWeights:
    arch, width = PARENT
    if (spec.arch, spec.width) != PARENT:
        raise WeightsError(
            f"{path} is a checkpoint of the parent project: it does not fit {spec.name}",
            expected=f"the model {arch} at width {width}, of any size",
            remedy=f"bench train --model {arch}_{width}_{spec.size} --data NAME --init {path}",
        )
    return _from("parent", path)


def _from(kind: str, path: Path, source: str | None = None) -> FirstWeights:
    init = {"kind": kind, "source": source or path.name, "sha256": sha256_of(path)}
    return FirstWeights(init=Init.model_validate(init), path=path)


def unchanged(path: Path, sha256: str | None) -> None:
    """Raises WeightsError where the file is another than when it was chosen."""
    if sha256_of(path) != sha256:
        raise WeightsError(
            f"{path} was replaced since this training was set up",
            expected=f"the file of hash {str(sha256)[:12]}",
            remedy="the same command, once nothing writes that file",
        )


def _refuse_padding(spec: ModelSpec) -> NoReturn:
    raise WeightsError(
        f"{spec.name} pads on both sides, Keras' weights were trained with one-sided padding",
        expected=f"{PADS_ONE_SIDE}, the same topology padded as they want it",
        remedy=f"bench train --model {PADS_ONE_SIDE}_{spec.width}_{spec.size} --data NAME",
    )


def _keras_files(folder: Path) -> dict[float, Path]:
    """By width, the first of each in the order of their names. A hidden one is a download that
    broke off."""
    found: dict[float, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = _KERAS_FILE.search(path.name)
        if match and not path.name.startswith("."):
            found.setdefault(float(match["width"]), path)
    return found


def _width_for(spec: ModelSpec, found: Iterable[float], init: str) -> float:
    """The width of the file that `init` takes; 0 where there is none."""
    own = spec.width_multiplier
    match init:
        case "inherited":
            return min((width for width in found if width > own), default=0.0)
        case "widened":
            return max((width for width in found if width < own), default=0.0)
    return own


def _absent(folder: Path, spec: ModelSpec, init: str) -> NoReturn:
    which, width = {
        "keras": (f"of width {spec.width}", spec.width),
        "inherited": (f"wider than {spec.width}", "1.0"),
        "widened": (f"narrower than {spec.width}", "0.35"),
    }[init]
    raise WeightsError(
        f"{folder} holds no Keras MobileNetV2 {which}",
        expected=f"a file such as mobilenet_v2_weights_..._{width}_224_no_top.h5",
        remedy=f"bench weights encoders --width {width}, or --encoders FOLDER",
    )


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

    weights, path = MobileNet_V2_Weights.IMAGENET1K_V2, _torch_cache() / _TORCHVISION_FILE
    try:
        weights.get_state_dict(progress=True, check_hash=True)
    except OSError as error:
        raise WeightsError(
            f"torchvision's weights cannot be downloaded: {error}",
            expected="a network, or the file in torch's cache",
            remedy="--init keras with --encoders FOLDER, or --init random",
        ) from error
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"torchvision's weights are broken: {error}",
            expected="the file as it was published",
            remedy=f"remove {path} if it is there, then --init torchvision fetches it again",
        ) from error
    return path
