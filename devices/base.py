"""The seam: an adapter opens an artifact, gives n samples, closes, and reports conditions.

bench decides how many samples, in what order, and what they mean. A device that can hold several
files open says so (`Device.holds_several`), and its files take turns of a few milliseconds. An
adapter whose loop belongs to another program hands back what that program gave: `OpenRun.whole`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from devices.records import Burst, DeviceInfo, Loop, Reading, RunRequest, Series, Turns
from zoo.base.errors import SessionFailed


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
    readings: what else is known of this file there. told_by_check: only `check` tells whether it
    was this file that ran, and ran right; turns without it are no figures. per_sample:
    how many inferences each of the last samples is the mean of.
    """

    load_ns: tuple[int, ...]
    first_inference_ns: int | None
    program_sha256: str | None = None
    fallback: str | None = None
    settings: str | None = None
    conditions_during: tuple[dict[str, Reading], ...] = ()
    readings: Mapping[str, Reading] = MappingProxyType({})
    shared_by: int | None = None
    told_by_check: bool = False
    per_sample: int = 1

    @abstractmethod
    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        """`count` inferences in a row: durations in ns as "total", and by stage where `loop` has
        a frame. Raises SessionFailed."""

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        """One turn. Raises SessionFailed; PassBroken where the process that it shared has gone by
        no fault of this file. Only of devices that hold several files."""
        raise NotImplementedError

    def whole(self, loop: Loop) -> Series | None:
        """The answer of the program that owns the loop; None where `sample` is to be called."""
        return None

    @abstractmethod
    def memory(self) -> tuple[int | None, int | None]:
        """Peak bytes so far, and bytes just before the artifact was loaded; None if unknown."""

    @abstractmethod
    def check(self) -> None:
        """Raise SessionFailed where the last outputs hold NaN, or are not what a mask is; infinity
        in the outputs of a file of one's own is a reading."""

    @abstractmethod
    def close(self) -> None:
        """End the process or connection, however it stands. Never raises."""


class Together(Closing):
    """The files of one pass, all open. runs: in the order asked, or why one could not be opened."""

    runs: Sequence[OpenRun | SessionFailed]


class Device(Closing):
    """One device of one kind. A context manager: closing puts back what was changed on it.

    holds_several: whether it holds several files open, to be measured in turns. default_runtimes:
    those used where none is named; None leaves it to the runtimes. reads_memory: whether it can
    tell what a file takes of it. warm_s: how long its engine runs before its figures are good,
    where it compiles what it runs. one_file: whether it takes a model in one file alone, without
    external data. signatures: whether it runs any signature of a file but the first.
    """

    holds_several = False
    default_runtimes: Sequence[str] | None = None
    reads_memory = True
    warm_s = 0.0
    one_file = False
    signatures = False

    @abstractmethod
    def info(self) -> DeviceInfo:
        """What it is."""

    @abstractmethod
    def runtimes(self) -> Mapping[str, str | None]:
        """Runtime names to why each cannot be used here, None when it can."""

    @abstractmethod
    def runtime_version(self, runtime: str) -> str:
        """The version of a runtime that can be used here."""

    def why_not_fed(self) -> str | None:
        """Why nobody can tell it what a file is fed; None where that can be told."""
        return None

    @abstractmethod
    def conditions(self) -> dict[str, Reading]:
        """Clocks, temperature, power, load, memory: as they are now."""

    @abstractmethod
    def settle(self, limit_s: float) -> Reading:
        """Wait until it is fit to be measured. "yes", or what still disturbs it after limit_s;
        unknown where it cannot tell."""

    @abstractmethod
    def open(self, request: RunRequest, artifact: Path) -> OpenRun:
        """Load `artifact` in a fresh process and run it once. Raises SessionFailed."""

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> Together:
        """Load all of these in fresh processes, in this order, and run each once. apart: those that
        get a process of their own, for they ended one before. Only where it holds several."""
        raise NotImplementedError

    def show(self, text: str, done: int, total: int) -> None:
        """Tell its user how far the run is, where it has a screen for that."""
        return None

    def close(self) -> None:
        """Leave the device as it was found. Never raises."""
        return None
