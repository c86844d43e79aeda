"""The seam: an adapter opens an artifact, gives n samples, closes, and reports conditions.

bench decides how many samples, in what order, and what they mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, model_validator

from zoo.frozen import Frozen, exactly_one

Nanoseconds = Annotated[int, Field(gt=0)]


class Reading(Frozen):
    """One condition: a value, or null with the reason why it is unknown. Unknown is not good."""

    value: float | int | str | None
    reason: str | None = None

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(value=self.value, reason=self.reason)
        return self


class DeviceInfo(Frozen):
    """What stays the same from session to session. kind: host, android, iphone, browser."""

    kind: str
    name: str
    os: str
    cpu: str
    cores: int
    memory_bytes: int
    emulated: bool = False


class RunRequest(Frozen):
    """What to measure. input_seed makes the noise image that is fed; size is its side in pixels."""

    model: str
    size: int
    format: str
    precision: str
    artifact_sha256: str
    runtime: str
    threads: Annotated[int, Field(gt=0)]
    input_seed: int = 0


class RawRun(Frozen):
    """What one process on one device gave, before anyone made statistics of it.

    load_ns: each load in turn, the first one cold. samples_ns null means that the loop belonged to
    another program, which kept its samples: then `samples_reason` says so, and `reported` holds
    that program's own statistics. peak_memory_bytes is of the whole process.
    """

    load_ns: tuple[Nanoseconds, ...]
    first_inference_ns: Nanoseconds | None
    warmup_ns: tuple[Nanoseconds, ...]
    samples_ns: tuple[Nanoseconds, ...] | None
    samples_reason: str | None = None
    reported: dict[str, float] | None = None
    peak_memory_bytes: int | None
    baseline_memory_bytes: int | None
    runtime_version: str
    conditions_before: dict[str, Reading]
    conditions_after: dict[str, Reading]

    @model_validator(mode="after")
    def _missing_has_a_reason(self) -> Self:
        exactly_one(samples_ns=self.samples_ns, samples_reason=self.samples_reason)
        return self


class OpenRun(ABC):
    """An artifact that is loaded and has run once. A context manager; closing frees the device."""

    load_ns: tuple[int, ...]
    first_inference_ns: int | None

    @abstractmethod
    def sample(self, count: int) -> list[int]:
        """Durations of `count` inferences in a row, in ns. Raises SessionFailed."""

    @abstractmethod
    def memory(self) -> tuple[int | None, int | None]:
        """Peak bytes so far, and bytes just before the artifact was loaded; None if unknown."""

    @abstractmethod
    def close(self) -> None:
        """End the process or connection, however it stands. Never raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Device(ABC):
    """One device of one kind."""

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
    def open(self, request: RunRequest, artifact: Path) -> OpenRun:
        """Load `artifact` in a fresh process and run it once. Raises SessionFailed."""
