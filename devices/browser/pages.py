"""The pages that are open, and the one command that each of them is at.

A page asks for its next command and waits for it some seconds; its answer comes with its next
request. What is lost on the way is asked or answered again: a command has a number, is given out
until it is answered, and an answer that was seen already is let pass without a word.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from devices.browser.messages import Answered, Join, Posted, Samples, TurnTaken
from zoo.base.errors import SessionFailed

# How long a request waits for a command, and how long a page may be silent. It gives a sign of life
# each second, but a hidden one is slowed.
POLL_S = 15.0
SILENCE_S = 15.0
# What a browser's and this machine's clock may differ by, over a command.
CLOCKS_APART = 1.05
MOST_PAGES = 16
# A page gives a worker up by itself when its time is over; this much later it has not done so.
GRACE_S = 10.0

Value = TypeVar("Value", bound=Posted)
# Of a file: its model, how it is run, and its latency so far or why it has none.
Row = tuple[str, str, str]


class PageLost(SessionFailed):
    """The page was closed, hidden for long, loaded anew, or its phone is out of reach."""


class Refused(Exception):
    """A post that is not taken; its text is ours and goes back to the page."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Page:
    """One tab. The threads of the server call its methods, and so does the one that measures.
    local: whether it spoke from this machine's own address."""

    def __init__(self, join: Join, local: bool = False) -> None:
        self.joined, self.local = join, local
        self.changed = threading.Condition()
        self.heard = time.monotonic()
        self.loads = 1
        self.stage = "waiting"
        self.over: str | None = None
        self.status: dict[str, Any] | None = None
        self._number = self._requests = 0
        self._command: dict[str, Any] | None = None
        self._sent = 0.0
        self._answer: tuple[Answered, float] | None = None

    # What the server calls.

    def join_again(self, join: Join) -> None:
        """It was loaded anew: its workers are gone, and so is the command that it was at."""
        with self.changed:
            self.joined = join
            self.loads += 1
            self._command = None
            self._heard()

    def turn(self, answered: Answered | None) -> dict[str, Any]:
        """Take an answer, and wait for the next command. Raises Refused."""
        with self.changed:
            self._heard()
            if answered is not None:
                self._take(answered)
            self._requests += 1
            mine, told = self._requests, self.status
            self.changed.wait_for(
                lambda: (
                    self._command is not None
                    or self.over is not None
                    or self._requests != mine
                    or self.status is not told
                ),
                timeout=POLL_S,
            )
            # Of two requests of one page, the later one gets the command.
            command = self._command if self._requests == mine else None
            return {"command": command, "status": self.status, "over": self.over}

    def pulse(self, stage: str) -> None:
        """A sign of life."""
        with self.changed:
            self._heard()
            self.stage = stage

    def _heard(self) -> None:
        self.heard = time.monotonic()
        self.changed.notify_all()

    def _take(self, answered: Answered) -> None:
        if answered.id > self._number:
            raise Refused(409, "This answers a command that was never given.")
        if self._command is not None and answered.id == self._command["id"]:
            self._answer = (answered, time.monotonic() - self._sent)
            self._command = None

    # What the thread that measures calls.

    def ask(self, kind: type[Value], command: str, deadline_s: float, **values: Any) -> Value:
        """The answer to a command. Raises PageLost, or SessionFailed with what the page said; its
        code is worker_gone where the page has given the worker up."""
        with self.changed:
            self._number += 1
            loads, self._sent, self._answer = self.loads, time.monotonic(), None
            asked = {"id": self._number, "kind": command, "deadline_s": deadline_s}
            self._command = asked | values
            self.changed.notify_all()
            try:
                answered, took_s = self._awaited(command, loads, self._sent + deadline_s + GRACE_S)
            finally:
                self._command = None
        if answered.error is not None:
            code = "worker_gone" if answered.lost else None
            raise SessionFailed(command, answered.error, code=code)
        try:
            found = kind.model_validate(answered.value)
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise SessionFailed(command, f"the page's answer is no such answer: {told}") from error
        _possible(found, took_s, command)
        return found

    def _awaited(self, command: str, loads: int, until: float) -> tuple[Answered, float]:
        while True:
            if self.loads != loads:
                raise PageLost(command, "the page was loaded anew", code="page_reloaded")
            if self._answer is not None:
                return self._answer
            if self.over is not None:
                raise PageLost(command, "measuring was ended", code="ended")
            if self.silent:
                raise PageLost(command, self._silence(), code="page_silent")
            left = until - time.monotonic()
            if left <= 0:
                raise SessionFailed(command, "no answer in time", code="timeout")
            self.changed.wait(timeout=min(left, 1.0))

    @property
    def silent(self) -> bool:
        return time.monotonic() - self.heard > SILENCE_S

    @property
    def alive(self) -> bool:
        """Whether something of it is still to come."""
        return self.over is None and not self.silent

    def _silence(self) -> str:
        seconds = time.monotonic() - self.heard
        return f"the page has been silent for {seconds:.0f} s; its last stage was {self.stage}"

    def await_return(self, limit_s: float) -> bool:
        """Whether the page is there, or comes back in time."""
        until = time.monotonic() + limit_s
        with self.changed:
            return self.changed.wait_for(
                lambda: not self.silent or self.over is not None, max(0.0, until - time.monotonic())
            )

    def show(
        self,
        text: str,
        done: int,
        total: int,
        left: str | None = None,
        rows: Sequence[Row] = (),
    ) -> None:
        """What the page is to tell its user. left: how long it still takes, in words."""
        told = [{"model": model, "how": how, "state": state} for model, how, state in rows]
        with self.changed:
            self.status = {"text": text, "done": done, "total": total, "left": left, "rows": told}
            self.changed.notify_all()

    def end(self, text: str) -> None:
        """No further command will come."""
        with self.changed:
            self.over = self.over or text
            self.changed.notify_all()


def _possible(found: Posted, took_s: float, command: str) -> None:
    """Raise SessionFailed where the samples took longer than the answer did."""
    if not isinstance(found, TurnTaken | Samples):
        return
    told_s = found.least_ns / 1e9
    if told_s > CLOCKS_APART * took_s + 0.01:
        raise SessionFailed(
            command,
            f"samples of {told_s:.3f} s in an answer that came after {took_s:.3f} s",
            code="impossible",
        )


@dataclass(kw_only=True)
class Pages:
    """Those of one server. refuses: why a browser is not taken, None where it is. arrived: called
    with each new page, in a thread of the server's. heard: when somebody who has the token last
    asked for something, by the monotonic clock."""

    refuses: Callable[[Join], str | None] = field(default=lambda join: None)
    arrived: Callable[[Page], None] = field(default=lambda page: None)
    known: dict[str, Page] = field(default_factory=dict)
    closed: bool = False
    heard: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, join: Join, local: bool = False) -> None:
        """A new page, or one that was loaded anew; one that is over begins as a new one. Raises
        Refused."""
        if reason := self.refuses(join):
            raise Refused(403, reason)
        with self._lock:
            page = self.known.get(join.page)
            if page is not None and page.over is None:
                page.join_again(join)
                return
            if self.closed or sum(one.alive for one in self.known.values()) >= MOST_PAGES:
                raise Refused(403, "The computer takes no more pages now.")
            page = self.known[join.page] = Page(join, local)
        self.arrived(page)

    def get(self, name: str) -> Page:
        """Raises Refused."""
        with self._lock:
            page = self.known.get(name)
        if page is None:
            # As after the server was started anew: the page joins again when it is loaded.
            raise Refused(409, "The computer does not know this page. Load it again.")
        return page

    @contextmanager
    def until_closed(self) -> Iterator[None]:
        """At the end of the block every page is told that it is over."""
        try:
            yield
        finally:
            self.closed = True
            for page in list(self.known.values()):
                page.end("Measuring has ended.")
