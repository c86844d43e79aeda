"""Whether the page computes what the same file gives here, and what ran there, by what it proved.

A first output that is right proves nothing: on some GPUs LiteRT.js is right once and wrong ever
after. So the output of the last inference is compared as well, before a figure is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.browser.inputs import Expected
from devices.browser.messages import Evidence, Output
from devices.browser.site import Site
from devices.masks import LIMIT
from devices.records import NOT_ISOLATED, Reading, RunRequest
from zoo.base.errors import SessionFailed
from zoo.preprocess import THRESHOLD

# Of the whole numbers of a file of one's own: the share of the largest by which those of a byte may
# differ, and the share of all that may be others. Where two classes are equal, rounding decides.
BYTES_APART, LABELS_APART = 0.05, 0.005


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Of an output against the same file's on this machine: the largest difference of a value, and
    the share of values that may lie on the other side of the threshold."""

    largest: float
    flipped: float


def bound_of(request: RunRequest) -> Bound:
    """docs/browser.md says where these were seen."""
    if request.runtime.endswith("-webgpu"):
        whole = request.precision == "fp32"
        return Bound(largest=1e-3, flipped=0.0) if whole else Bound(largest=0.05, flipped=0.005)
    if request.precision in ("int8", "as given"):
        # Relaxed SIMD may saturate products where this machine does not.
        return Bound(largest=0.05, flipped=0.005)
    return Bound(largest=1e-5, flipped=0.0)


def largest_difference(
    found: Sequence[Output], expected: Expected, request: RunRequest, which: str
) -> float:
    """Of the outputs; of a file of one's own as a share of their largest value, for what they mean
    is not known, and of whole numbers the share of those that differ. Raises SessionFailed where
    they are beyond the bound."""
    if len(found) != len(expected.outputs):
        raise _wrong(f"{len(found)} outputs, not {len(expected.outputs)}", which)
    bound, own, worst = bound_of(request), request.size is None, 0.0
    for one, wanted in zip(found, expected.outputs, strict=True):
        values = _values(one, wanted, which, own)
        finite = np.isfinite(wanted)
        if (
            not np.array_equal(values[~finite], wanted[~finite])
            or not np.isfinite(values[finite]).all()
        ):
            raise _wrong("infinite values stand elsewhere than on this machine", which)
        ours, theirs = values[finite].astype(np.float64), wanted[finite].astype(np.float64)
        apart = np.abs(ours - theirs)
        if own and wanted.dtype.kind in "biu":
            worst = max(worst, _share_apart(apart, wanted, theirs, which))
            continue
        largest = float(apart.max(initial=0.0)) / _scale(wanted, theirs, own)
        sides = 0.0 if own else np.mean((ours > THRESHOLD) != (theirs > THRESHOLD))
        if largest > bound.largest or sides > bound.flipped:
            raise _wrong(
                f"values differ by up to {largest:.2g} from the same file's on this machine", which
            )
        worst = max(worst, largest)
    return worst


def _share_apart(
    apart: NDArray[np.float64], wanted: NDArray[Any], theirs: NDArray[np.float64], which: str
) -> float:
    """The share of whole numbers that are another one here. Those of a byte may be a rounded scale,
    of which the last step may differ; wider ones are labels. Raises SessionFailed."""
    steps = BYTES_APART * _scale(wanted, theirs, own=True) if wanted.dtype.itemsize == 1 else 0.0
    share = float(np.mean(apart > steps)) if apart.size else 0.0
    if share > LABELS_APART:
        raise _wrong(f"{share:.1%} of its whole numbers are others than on this machine", which)
    return share


def _scale(wanted: NDArray[Any], finite: NDArray[np.float64], own: bool) -> float:
    """What a difference is a share of: 1 of probabilities."""
    if own:
        return max(1.0, float(np.abs(finite).max(initial=0.0)))
    return float(np.iinfo(wanted.dtype).max) if wanted.dtype.kind in "iu" else 1.0


def infinite(found: Sequence[Output]) -> int:
    """How many values of the outputs are."""
    return sum(int(np.isinf(one.values()).sum()) for one in found)


def _values(output: Output, wanted: NDArray[Any], which: str, own: bool) -> NDArray[Any]:
    """own: may hold infinity, as logarithms of probabilities do."""
    try:
        values = output.values()
    except ValueError:
        raise _wrong("an output whose bytes do not fit its shape", which) from None
    if values.size != wanted.size or values.dtype != wanted.dtype:
        raise _wrong(f"an output of {values.size} {values.dtype} values", which)
    if np.isnan(values).any() or not (own or np.isfinite(values).all()):
        raise _wrong("an output holds NaN" if own else "an output holds NaN or infinity", which)
    return values.reshape(wanted.shape)


def unlike_torch(found: Sequence[Output], expected: Expected) -> Reading:
    """The share of the mask's pixels that torch decides otherwise. Raises SessionFailed."""
    if isinstance(expected.torch, str):
        return Reading(value=None, reason=expected.torch)
    mask = found[0].values().reshape(expected.torch.shape)
    share = float(np.mean((mask > THRESHOLD) != (expected.torch > THRESHOLD)))
    if share > LIMIT:
        raise _wrong(f"the mask differs from torch's in {share:.0%} of the pixels", "last")
    return Reading(value=round(share, 5))


def _wrong(seen: str, which: str) -> SessionFailed:
    return SessionFailed(
        "check",
        f"{which} inference: {seen}",
        code="wrong_mask",
        expected="what the same file gives on this machine",
        remedy="--runtime litert, which runs on the CPU; docs/browser.md lists known faults",
    )


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What ran, as far as it is proved. fallback: what is not as it was asked for."""

    program_sha256: str | None
    settings: str | None
    fallback: str | None


def what_ran(evidence: Evidence, request: RunRequest, site: Site, isolated: bool) -> Ran:
    """isolated: whether the page is, as only one at a secure address can be. Raises SessionFailed
    where it is plainly not what was asked for."""
    runtime, _, accelerator = request.runtime.partition("-")
    wanted = accelerator or "wasm"
    if wanted == "webgpu" and evidence.gpu_submissions == 0:
        raise _fell_back("nothing was given to the GPU")
    if wanted == "wasm" and evidence.gpu_submissions:
        raise _fell_back("the GPU took part")
    if runtime == "litert" and evidence.accelerator != wanted:
        raise _fell_back(f"it ran on {evidence.accelerator}")
    if evidence.threads is not None and evidence.threads != request.threads:
        raise _fell_back(f"{evidence.threads} threads, not {request.threads}")
    names = [path.partition(f"/s/{site.name}/")[2] for path in evidence.wasm]
    known = [name for name in names if name in site.files and name.startswith(f"{runtime}/")]
    return Ran(
        program_sha256=site.files[known[0]] if known else None,
        settings=_settings(runtime, known, isolated),
        fallback=_fallback(evidence, wanted),
    )


def _fell_back(seen: str) -> SessionFailed:
    return SessionFailed(
        "open",
        f"the browser did not do what was asked for: {seen}",
        code="fell_back",
        remedy="--runtime litert --threads 1 runs in every browser; docs/browser.md",
    )


def _settings(runtime: str, names: Sequence[str], isolated: bool) -> str | None:
    """LiteRT.js has a build for browsers without relaxed SIMD, which is slower. A page that is not
    isolated has a coarse clock, so that its samples are means."""
    told = []
    if runtime == "litert" and names:
        told.append("no relaxed SIMD" if "_compat_" in names[0] else "relaxed SIMD")
    if not isolated:
        told.append(NOT_ISOLATED)
    return ", ".join(told) or None


def _fallback(evidence: Evidence, wanted: str) -> str | None:
    if wanted == "webgpu" and evidence.fallback_adapter:
        return "a GPU made of software"
    if evidence.fully_accelerated is False:
        return "some operators on slow reference kernels"
    return None
