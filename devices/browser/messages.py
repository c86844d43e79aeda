"""What a page may send, and nothing else: unknown keys, endless numbers and long texts are refused.

The page's side is page/src/messages.ts.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from zoo.base.frozen import Frozen
from zoo.base.pictures import shown

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
# A page's words end on the terminal.
Word = Annotated[str, Field(max_length=100), AfterValidator(shown)]
Line = Annotated[str, Field(max_length=500), AfterValidator(shown)]
Ns = Annotated[int, Field(gt=0, lt=10**13)]
Dtype = Literal["float32", "int32", "uint8", "int8"]
# A mask of 512 x 512 in float32, as text, and one beside it.
MOST_TEXT = 3_000_000
MOST_OUTPUTS = 8


class Posted(Frozen):
    """No value is made to fit: a number that comes as text is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class Join(Posted):
    """What a browser tells of itself. page: this tab; unit: this browser, a random name that it
    keeps; clock_step_us: of performance.now(). emulated: it is a program (devices/emulated/)."""

    page: Hex16
    unit: Hex16
    name: Annotated[str, Field(max_length=60)]
    user_agent: Annotated[str, Field(max_length=400)]
    touch: bool
    model: Word | None
    platform: Word | None
    platform_version: Word | None
    cores: Annotated[int, Field(ge=1, le=4096)]
    memory_gb: Annotated[float, Field(gt=0, le=4096)] | None
    secure: bool
    isolated: bool
    shared_memory: bool
    relaxed_simd: bool
    webgpu: bool
    clock_step_us: Annotated[int, Field(ge=1, le=1_000_000)]
    emulated: bool = False

    @property
    def has_threads(self) -> bool:
        """Only an isolated page may, and some browsers give it none."""
        return self.isolated and self.shared_memory


class Answered(Posted):
    """The answer to the command of this number: a value, or what went wrong. lost: its worker does
    not live any more."""

    id: Annotated[int, Field(ge=1, le=10**9)]
    value: dict[str, Any] | None = None
    error: Line | None = None
    lost: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.error is None):
            raise ValueError("expected either value or error")
        return self


class TurnPost(Posted):
    page: Hex16
    answer: Answered | None


class Pulse(Posted):
    page: Hex16
    stage: Word


class Evidence(Posted):
    """What a worker can prove of itself; see page/src/evidence.ts."""

    runtime_version: Word
    accelerator: Word
    fully_accelerated: bool | None
    threads: Annotated[int, Field(ge=0, le=4096)] | None
    gpu_submissions: Annotated[int, Field(ge=0, le=10**9)]
    adapter: Line | None
    fallback_adapter: bool | None
    wasm: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=8)]
    heap_bytes: Annotated[int, Field(ge=0, le=2**34)] | None
    console: Annotated[list[Line], Field(max_length=20)]


class Output(Posted):
    """One output's values, as they lie in memory, little-endian."""

    dtype: Dtype
    shape: Annotated[list[Annotated[int, Field(ge=0, le=MOST_TEXT)]], Field(max_length=8)]
    base64: Annotated[str, Field(max_length=MOST_TEXT)]

    def values(self) -> NDArray[Any]:
        """Raises ValueError where the bytes are no such array."""
        try:
            content = base64.b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError("an output is no base64") from error
        return np.frombuffer(content, np.dtype(self.dtype).newbyteorder("<")).reshape(self.shape)


Outputs = Annotated[list[Output], Field(max_length=MOST_OUTPUTS)]


def too_large(outputs: Sequence[NDArray[Any]]) -> bool:
    """Whether a page may not send back outputs of these sizes."""
    texts = [4 * math.ceil(one.nbytes / 3) for one in outputs]
    return len(texts) > MOST_OUTPUTS or max(texts) > MOST_TEXT or sum(texts) > 2 * MOST_TEXT


class Started(Posted):
    started: Literal[True]


class Ended(Posted):
    ended: Literal[True]


class Opened(Posted):
    load_ns: Ns
    first_ns: Ns
    outputs: Outputs
    evidence: Evidence


class TurnTaken(Posted):
    """wall_ns: of one inference of each sample, the discarded ones first. per_sample: inferences
    timed together at the end; read_share: of the time, that of reading back."""

    started_ns: Annotated[int, Field(ge=0, lt=10**18)]
    discarded: Annotated[int, Field(ge=1, le=10_000)]
    wall_ns: Annotated[list[Ns], Field(min_length=2, max_length=10_000)]
    per_sample: Annotated[int, Field(ge=1, le=100_000)]
    read_share: Annotated[float, Field(ge=0, le=1)] | None

    @model_validator(mode="after")
    def _some_are_kept(self) -> Self:
        if self.discarded >= len(self.wall_ns):
            raise ValueError("all samples of a turn are set apart")
        return self

    @property
    def least_ns(self) -> int:
        """What all this took at the least: at first, fewer inferences may be timed together."""
        kept = sum(self.wall_ns[self.discarded :]) * self.per_sample
        return sum(self.wall_ns[: self.discarded]) + kept


class Samples(Posted):
    total_ns: Annotated[list[Ns], Field(min_length=1, max_length=100_000)]
    per_sample: Annotated[int, Field(ge=1, le=100_000)]

    @property
    def least_ns(self) -> int:
        return sum(self.total_ns) * self.per_sample


class OutputsRead(Posted):
    outputs: Outputs
    evidence: Evidence


class Conditions(Posted):
    """frame_ms: between animation frames; null where the page is hidden."""

    visible: bool
    times_hidden: Annotated[int, Field(ge=0, le=10**6)]
    frame_ms: Annotated[float, Field(ge=0, le=60_000)] | None
    battery: Annotated[float, Field(ge=0, le=1)] | None
    charging: bool | None
    clock_s: Annotated[float, Field(ge=0, le=10**9)]
