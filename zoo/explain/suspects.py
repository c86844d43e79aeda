"""Why a file's masks are not torch's: tries what is often wrong about how files are fed and read.

Each suspect is a fault that someone makes in converting. If what the file gives is what torch gives
with that fault, the file has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from zoo.preprocess import Float32

Predict = Callable[[Float32], Float32]
# Of what is not explained by torch as it should be, a suspect must explain nearly all.
LEFT = 0.2
# Masks that differ by less on average are as good as equal.
EQUAL = 1e-3


def _same(values: Float32) -> Float32:
    return values


def _swapped(image: Float32) -> Float32:
    return np.ascontiguousarray(image[:, ::-1])


def _logits(mask: Float32) -> Float32:
    held = np.clip(mask.astype(np.float64), 1e-7, 1 - 1e-7)
    found: Float32 = np.log(held / (1 - held)).astype(np.float32)
    return found


# What it is called; what becomes of the image; what becomes of the mask.
SUSPECTS: Mapping[str, tuple[Predict, Predict]] = MappingProxyType(
    {
        "red and blue are swapped": (_swapped, _same),
        "its input is not scaled: it takes levels of 0..255 as 0..1": (
            lambda image: image * np.float32(255),
            _same,
        ),
        "its input is scaled twice": (lambda image: image / np.float32(255), _same),
        "its input is taken as -1..1": (lambda image: image * 2 - 1, _same),
        "its sigmoid is missing": (_same, _logits),
        "its sigmoid is applied twice": (
            _same,
            lambda mask: (1 / (1 + np.exp(-mask))).astype(np.float32),
        ),
        "its mask is inverted": (_same, lambda mask: 1 - mask),
        "its mask is mirrored": (_same, lambda mask: np.ascontiguousarray(mask[..., ::-1])),
    }
)


def suspect(torchs: Predict, files: Predict, images: Sequence[Float32]) -> str | None:
    """The fault that explains the file's masks; None where none does, or nothing is to explain.

    torchs, files: masks [1, S, S] of an image [1, 3, S, S] in 0..1."""
    theirs = [files(image) for image in images]
    plain = _off([torchs(image) for image in images], theirs)
    if plain < EQUAL:
        return None
    found = {
        name: _off([after(torchs(before(image))) for image in images], theirs)
        for name, (before, after) in SUSPECTS.items()
    }
    best = min(found, key=lambda name: found[name])
    return best if found[best] < LEFT * plain else None


def _off(ours: Sequence[Float32], theirs: Sequence[Float32]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return float(np.mean([np.abs(one - other).mean() for one, other in pairs]))
