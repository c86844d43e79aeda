"""Progress of long work: a bar where there is a terminal, and a plain line now and then elsewhere.

Everything goes to standard error, for standard output is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

Item = TypeVar("Item")
# Without a terminal: how long between two lines.
LINE_S = 15.0
_shown: Progress | None = None
_bars = 0


class Bar:
    """What is done of something, what is left, and when it ends.

    total: None where it is not known yet. unit: in the plural. done: before it began. lines:
    whether plain lines are written where there is no terminal; shown: whether anything is.
    """

    def __init__(
        self,
        label: str,
        total: float | None,
        unit: str,
        *,
        done: float = 0,
        lines: bool = True,
        shown: bool = True,
    ) -> None:
        self.label, self.total, self.unit, self.done = label, total, unit, done
        self._first, self._began = done, time.monotonic()
        self._told = self._began
        self._lines = lines and shown
        self._task: TaskID | None = None
        self._shown = shown and _console().is_terminal

    def __enter__(self) -> Self:
        global _shown, _bars
        if self._shown:
            if _shown is None:
                _shown = _progress()
                _shown.start()
            _bars += 1
            self._task = _shown.add_task(
                self.label, total=self.total, completed=int(self.done), unit=self.unit, note=""
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _shown, _bars
        if _shown is not None and self._task is not None:
            _shown.remove_task(self._task)
            self._task = None
            _bars -= 1
            if _bars == 0:
                _shown.stop()
                _shown = None

    def step(self, count: float = 1) -> None:
        """So much more is done."""
        self.at(self.done + count)

    def at(self, done: float, total: float | None = None) -> None:
        """So much is done, of so much."""
        self.done, self.total = done, self.total if total is None else total
        if _shown is not None and self._task is not None:
            _shown.update(self._task, completed=done, total=self.total)
        elif self._lines and done != self.total and time.monotonic() - self._told >= LINE_S:
            self._told = time.monotonic()
            say(self._line())

    def note(self, text: str) -> None:
        """A word or two beside the bar."""
        if _shown is not None and self._task is not None:
            _shown.update(self._task, note=text)

    def _line(self) -> str:
        done = f"{self.label}: {self.done:g}"
        if self.total is None:
            return f"{done} {self.unit}"
        rate = (self.done - self._first) / max(time.monotonic() - self._began, 1e-9)
        left = f", about {span((self.total - self.done) / rate)} left" if rate else ""
        return f"{done} of {self.total:g} {self.unit}{left}"


def track(items: Iterable[Item], label: str, unit: str, total: int | None = None) -> Iterator[Item]:
    """The items, with a bar over them."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with Bar(label, total, unit) as bar:
        for item in items:
            yield item
            bar.step()


def say(line: str) -> None:
    """A line on standard error, above the bars."""
    if _shown is not None:
        _shown.console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        print(line, file=sys.stderr, flush=True)


def echo(line: str) -> None:
    """A line on standard output, the bars put aside for it."""
    if _shown is not None:
        _shown.stop()
    print(line, flush=True)
    if _shown is not None:
        _shown.start()


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _progress() -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=_console(),
        transient=True,
        # Results go to standard output, and are to stay there.
        redirect_stdout=False,
    )


def span(seconds: float) -> str:
    """`1:05`, or `2:01:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
