"""What a file is fed in the page, and what it gives on this machine, which its masks have to be.

The zoo's files are fed a drawn portrait, of which torch's mask is known too; any other file is fed
by its shapes, from a stored seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices import masks
from devices.masks import Expect, nothing_expected
from devices.records import RunRequest
from zoo.base.errors import BenchError, SessionFailed, first_line
from zoo.home import Home
from zoo.preprocess import Float32
from zoo.runtime.feeds import arrays
from zoo.runtime.open_model import OpenModel, noise
from zoo.runtime.runtime import engine, open_model, why_not

KNOWN = ("float32", "int32", "uint8", "int8")


@dataclass(frozen=True, kw_only=True)
class Fed:
    """One input as it lies in memory."""

    name: str
    values: NDArray[Any]

    @cached_property
    def content(self) -> bytes:
        little = self.values.dtype.newbyteorder("<")
        return np.ascontiguousarray(self.values, little).tobytes()

    @cached_property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    def source(self) -> dict[str, Any]:
        """As the page is told; it fetches the bytes by their hash."""
        return {
            "name": self.name,
            "dtype": self.values.dtype.name,
            "shape": list(self.values.shape),
            "sha256": self.sha256,
        }


@dataclass(frozen=True, kw_only=True)
class Expected:
    """inputs, in the file's own order; outputs: what the same file gives here. torch: its mask of
    the portrait that was fed, or why there is none."""

    inputs: Sequence[Fed]
    outputs: Sequence[NDArray[Any]]
    torch: Float32 | str


def expected_of(request: RunRequest, artifact: Path, expect: Expect) -> Expected:
    """Runs the file on this machine. Raises SessionFailed where that cannot be done."""
    runtime = request.runtime.partition("-")[0]
    if reason := why_not(runtime):
        raise SessionFailed("check", f"{engine(runtime).distribution} runs nothing here: {reason}")
    known = expect(request.model) if request.size is not None else nothing_expected("")
    portrait = known if isinstance(known, str) else known[0]
    try:
        shapes = {feed.name: feed.shape for feed in request.inputs}
        model = open_model(artifact, runtime, 1, shapes)
        given = _given(model, request, portrait)
    except BenchError as error:
        told = {"expected": error.expected, "remedy": error.remedy}
        raise SessionFailed("check", error.seen, **told) from error
    for tensor, values in zip(model.inputs, given, strict=True):
        if values.dtype.name not in KNOWN:
            raise SessionFailed("open", f"a page cannot feed {tensor.name!r}: {values.dtype.name}")
    try:
        model.set_inputs([np.ascontiguousarray(values) for values in given])
        model.infer()
    except Exception as error:
        # Whatever a runtime raises (their classes share no base) is this session's failure.
        raise SessionFailed("check", f"it does not run here: {first_line(error)}") from error
    return Expected(
        inputs=[Fed(name=t.name, values=v) for t, v in zip(model.inputs, given, strict=True)],
        outputs=model.outputs(),
        torch=portrait if isinstance(portrait, str) else portrait.mask,
    )


def _given(
    model: OpenModel, request: RunRequest, portrait: masks.Expected | str
) -> list[NDArray[Any]]:
    """In the order of the model's inputs. Raises ArtifactError."""
    if request.inputs:
        values = arrays(request.inputs, request.input_seed, Home.default().inputs)
        return model.as_declared(request.inputs, values)
    if isinstance(portrait, str) or model.inputs[0].scale is not None:
        return noise(model.inputs, request.input_seed)
    image = portrait.image
    return [image.transpose(0, 2, 3, 1) if model.channels_last else image]
