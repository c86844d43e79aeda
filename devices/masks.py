"""Whether the phone computes what torch does: a fast wrong mask is an error and no figure."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devices.records import Reading
from zoo.base.errors import SessionFailed
from zoo.preprocess import THRESHOLD, Float32

# Of the pixels, on the other side of the threshold. An input tells where both hold twice that.
LIMIT = 0.05
NAME = "pixels_unlike_torch"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An input, RGB float32 [1, 3, S, S] in 0..1, and torch's mask of it [S, S]."""

    image: Float32
    mask: Float32


# From a model's name: what torch makes of a few fixed inputs, or why that is not known.
Expect = Callable[[str], Sequence[Expected] | str]
# Runs the file once on the input that lies at a path; the bytes of its output.
Infer = Callable[[Path], bytes]


def nothing_expected(model: str) -> str:
    return "nobody told what torch makes of an input"


def compare(expected: Sequence[Expected], infer: Infer) -> Reading:
    """The largest share of pixels that differ, over the inputs. Raises SessionFailed where it is
    over LIMIT, or where an output is of another size or not finite. Unknown where torch's masks are
    so empty, or so full, that a wrong one could not be told from them."""
    telling = [one for one in expected if 2 * LIMIT < np.mean(one.mask > THRESHOLD) < 1 - 2 * LIMIT]
    if not telling:
        return Reading(value=None, reason="torch finds hardly any hair, or no end, in the inputs")
    worst = 0.0
    for one in telling:
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            file.write(one.image.transpose(0, 2, 3, 1).astype("<f4").tobytes())
            file.flush()
            found = np.frombuffer(infer(Path(file.name)), dtype="<f4")
        if found.size != one.mask.size or not np.isfinite(found).all():
            seen = "an output holds NaN or infinity"
            if found.size != one.mask.size:
                seen = f"an output of {found.size} values, not {one.mask.size}"
            raise _wrong(seen)
        sides = (found.reshape(one.mask.shape) > THRESHOLD) != (one.mask > THRESHOLD)
        worst = max(worst, float(np.mean(sides)))
    if worst > LIMIT:
        raise _wrong(f"the phone's mask differs from torch's in {worst:.0%} of the pixels")
    return Reading(value=round(worst, 5))


def _wrong(seen: str) -> SessionFailed:
    return SessionFailed(
        "check",
        seen,
        code="wrong_mask",
        expected=f"at most {LIMIT:.0%} of the pixels on the other side of {THRESHOLD}",
        remedy="--runtime litert, or another precision; --device host shows whether the file is "
        "good",
    )
