"""The signals that end a command, and what it does at them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType


def ending_signals() -> list[signal.Signals]:
    """What ends a command beside Ctrl-C: `kill`, and a terminal that is closed, unless `nohup`
    started it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return [signal.SIGTERM]
    return [signal.SIGTERM, signal.SIGHUP]


@contextmanager
def handled(
    signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Within the block each of them calls the handler."""
    before = {which: signal.signal(which, handler) for which in signals}
    try:
        yield
    finally:
        for which, earlier in before.items():
            signal.signal(which, earlier)
