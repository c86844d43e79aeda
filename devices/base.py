"""The seam: an adapter opens an artifact, gives n samples, closes, and reports conditions.

bench decides how many samples, in what order, and what they mean. An adapter whose loop belongs to
another program hands back what that program gave instead: `OpenRun.whole`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from zoo.frozen import Frozen, exactly_one

Nanoseconds = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Reading(Frozen):
    """One condition: a value, or null with the reason why it is unknown. Unknown is not good."""

    value: float | int | str | None
    reason: str | None = None

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(value=self.value, reason=self.reason)
        return self


class DeviceInfo(Frozen):
    """What stays the same from session to session. kind: host, android, iphone, browser. unit:
    tells two of the same make apart, by a hash of the serial number; None for the host."""

    kind: str
    name: str
    os: str
    cpu: str
    cores: int
    memory_bytes: int
    emulated: bool = False
    unit: str | None = None

    @property
    def key(self) -> str:
        """A name for its folder of results."""
        return f"{self.kind}-{self.unit}" if self.unit else self.kind


class RunRequest(Frozen):
    """What to measure. size: the side of the zoo's image in pixels; None for a file of the user's
    own, of which nothing is known but its inputs. input_seed makes the noise that is fed."""

    model: str
    size: int | None
    format: str
    precision: str
    artifact_sha256: str
    runtime: str
    threads: Annotated[int, Field(gt=0)]
    input_seed: int = 0


class Loop(Frozen):
    """How inferences follow one another within a session.

    mode: burst (back to back, cool), cadence (one each period_ms, as a camera gives them),
    sustained (back to back for limit_s), memory (a few, untimed). Warm-up goes on until it has
    settled, for max_warmup inferences at most. Then samples are taken until the 95 % interval of
    their median is within +-`within` of it, but at least min_samples; or until limit_s or
    max_samples is reached. frame: width and height of the camera frame of which the
    application's time is measured; None for the model's own time.
    """

    mode: Literal["burst", "cadence", "sustained", "memory"] = "burst"
    period_ms: Annotated[float, Field(gt=0, le=60_000)] | None = None
    max_warmup: Count = 300
    min_samples: Count = 40
    max_samples: Annotated[int, Field(gt=0, le=10_000_000)] = 1000
    limit_s: Seconds = 1.0
    within: Annotated[float, Field(ge=0, le=1)] = 0.01
    frame: tuple[Count, Count] | None = None


class Series(Frozen):
    """The inferences of one session, in time order.

    settled: whether warm-up was seen to settle; None where that can not be known. stopped_by: what
    ended the sampling; `program` where the loop belonged to another program. samples_ns null means
    that this program kept its samples: then samples_reason says so, and `reported` holds its own
    statistics, p50_ms at least. stages_ns: parts of each sample, by the names in frame.py.
    """

    warmup_ns: tuple[Nanoseconds, ...]
    settled: bool | None
    samples_ns: tuple[Nanoseconds, ...] | None
    samples_reason: str | None = None
    reported: dict[str, float] | None = None
    stages_ns: dict[str, tuple[Annotated[int, Field(ge=0)], ...]] | None = None
    stopped_by: Literal["interval", "time", "count", "program"]

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(samples_ns=self.samples_ns, samples_reason=self.samples_reason)
        if self.reported is not None and not self.reported.get("p50_ms", 0) > 0:
            raise ValueError("reported statistics without p50_ms")
        return self


class RawRun(Frozen):
    """What one process on one device gave, before anyone made statistics of it.

    load_ns: each load in turn, the first one cold. Memory is of the whole process, and read in a
    pass of its own; null in the others. program_sha256: of the program that ran it, where that was
    not ours. fallback: what the accelerator that was asked for left to the CPU, in words; such a
    figure is never pooled with a whole one. conditions_during: each second, where they were read.
    """

    load_ns: tuple[Nanoseconds, ...]
    first_inference_ns: Nanoseconds | None
    series: Series
    peak_memory_bytes: int | None = None
    baseline_memory_bytes: int | None = None
    runtime_version: str
    conditions_before: dict[str, Reading]
    conditions_after: dict[str, Reading]
    conditions_during: tuple[dict[str, Reading], ...] = ()
    program_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    fallback: str | None = None


class Closing(ABC):
    """A context manager that closes itself at its end."""

    @abstractmethod
    def close(self) -> None:
        """Never raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class OpenRun(Closing):
    """An artifact that is loaded and has run once. A context manager; closing frees the device.

    Where the loop is another program's, what else it told stands here once `whole` has returned;
    readings: what else is known of this file there.
    """

    load_ns: tuple[int, ...]
    first_inference_ns: int | None
    program_sha256: str | None = None
    fallback: str | None = None
    conditions_during: tuple[dict[str, Reading], ...] = ()
    readings: Mapping[str, Reading] = MappingProxyType({})

    @abstractmethod
    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        """`count` inferences in a row: durations in ns as "total", and by stage where `loop` has
        a frame. Raises SessionFailed."""

    def whole(self, loop: Loop) -> Series | None:
        """The answer of the program that owns the loop; None where `sample` is to be called."""
        return None

    @abstractmethod
    def memory(self) -> tuple[int | None, int | None]:
        """Peak bytes so far, and bytes just before the artifact was loaded; None if unknown."""

    @abstractmethod
    def check(self) -> None:
        """Raise SessionFailed unless the last outputs are of the right shape and finite."""

    @abstractmethod
    def close(self) -> None:
        """End the process or connection, however it stands. Never raises."""


class Device(Closing):
    """One device of one kind. A context manager: closing puts back what was changed on it."""

    @abstractmethod
    def info(self) -> DeviceInfo:
        """What it is."""

    @abstractmethod
    def runtimes(self) -> Mapping[str, str | None]:
        """Runtime names to why each can not be used here, None when it can."""

    @abstractmethod
    def runtime_version(self, runtime: str) -> str:
        """The version of a runtime that can be used here."""

    @abstractmethod
    def conditions(self) -> dict[str, Reading]:
        """Clocks, temperature, power, load, memory: as they are now."""

    @abstractmethod
    def settle(self, limit_s: float) -> Reading:
        """Wait until it is fit to be measured. "yes", or what still disturbs it after limit_s;
        unknown where it can not tell."""

    @abstractmethod
    def open(self, request: RunRequest, artifact: Path) -> OpenRun:
        """Load `artifact` in a fresh process and run it once. Raises SessionFailed."""

    def close(self) -> None:
        """Leave the device as it was found. Never raises."""
        return None
