"""Measures in pages as they come, each in a thread of its own, and stores what they give."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.protocol import Known as KnownSoFar
from bench.protocol import measure
from bench.sessions.record import Plan, Session
from bench.sessions.store import write_session
from bench.statistics.ratios import Ratio
from bench.statistics.stats import across_passes, medians_ms, session_median_ms
from bench.statistics.verdict import verdict
from bench.work.chosen import beside_references
from bench.work.find import find_all
from bench.work.item import Work
from bench.work.subject import Subject, runtimes_for
from devices.browser.device import BrowserDevice
from devices.browser.pages import Page, Row
from devices.browser.server import Offered
from devices.browser.tab import Known
from devices.masks import Expect
from devices.records import DeviceInfo, Loop, Turns
from zoo.base.errors import ArtifactRejected, BenchError, FolderBusy, MissingStep
from zoo.base.lock import locked
from zoo.base.progress import span
from zoo.home import Home
from zoo.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to measure in each page."""

    specs: Sequence[ModelSpec]
    runtimes: Sequence[str] = ()
    precisions: Sequence[str] = ("fp32",)
    threads: int = 1
    target: float = 0.02
    limit_s: float = 900.0

    def plan(self, device: BrowserDevice) -> Plan:
        return Plan(
            loop=Loop(turns=Turns(), warm_s=device.warm_s),
            target=self.target,
            limit_s=self.limit_s,
            memory=device.reads_memory,
        )


@dataclass(kw_only=True)
class Measured:
    """How far one page has got. lines: of each file, what is known; problem: why it ended early."""

    device: DeviceInfo
    sessions: int = 0
    lines: list[str] = field(default_factory=list)
    problem: str | None = None


class Measuring:
    """All pages of a server. tell: takes a line for the terminal."""

    def __init__(
        self,
        home: Home,
        asked: Asked,
        offered: Offered,
        expect: Expect,
        tell: Callable[[str], None],
    ) -> None:
        self.home, self.asked, self.offered, self.tell = home, asked, offered, tell
        self.known = Known(expect=expect)
        self.measured: list[Measured] = []
        self.threads: list[threading.Thread] = []
        self._at_work: set[str] = set()
        self._changing = threading.Lock()

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def begin(self, page: Page) -> None:
        thread = threading.Thread(target=self._measure, args=(page,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def wait(self) -> None:
        """Until all have ended; pages that are told that it is over end soon."""
        for thread in self.threads:
            thread.join(timeout=30)

    def _measure(self, page: Page) -> None:
        device = BrowserDevice(page, self.offered, self.known)
        measured = Measured(device=device.info())
        self.measured.append(measured)
        name = measured.device.name
        self.tell(f"{name}: here")
        with device:
            try:
                with self._alone(device), locked(self.home.device_results(device.info().key)):
                    self._passes(page, device, measured, name)
            except BenchError as error:
                measured.problem = error.seen
                self.tell(f"{name}: {error.seen}")
                page.end(f"It ended early: {error.seen}")
            except BaseException:
                page.end("It ended early, by a fault of the program on the computer.")
                raise

    @contextmanager
    def _alone(self, device: BrowserDevice) -> Iterator[None]:
        """Hold the device, and this machine's cores where the page is on it, against other pages:
        locks are of the process, and hold no thread off. Raises FolderBusy."""
        wanted = {device.info().key, *(["this machine"] if device.here else [])}
        with self._changing:
            if wanted & self._at_work:
                raise FolderBusy(
                    f"another page of {device.info().name} is being measured",
                    expected="one page of a browser, and one browser of this computer, at a time",
                    remedy="load this page again, and tap Start, when the other one has ended",
                )
            self._at_work |= wanted
        try:
            yield
        finally:
            with self._changing:
                self._at_work -= wanted

    def _passes(self, page: Page, device: BrowserDevice, measured: Measured, name: str) -> None:
        plan, began = self.asked.plan(device), time.monotonic()
        page.show("Preparing", 0, 0)
        work = beside_references(self._work(device, name), None)
        page.show("Loading the models", 0, len(work) * plan.sessions)
        taken: list[Session] = []
        rows: list[Row] = []
        for session in measure(device, work, plan):
            write_session(self.home, session)
            taken.append(session)
            measured.sessions += 1
            # All passes are reckoned anew for it: once a pass is enough.
            whole = len(taken) % len(work) == 0
            if whole or not rows:
                rows = rows_of(taken, work, plan)
            least = len(work) * plan.sessions
            left = _left(len(taken), least, time.monotonic() - began, plan)
            page.show("Measuring", len(taken), max(least, len(taken)), left, rows)
            if session.failure is not None or whole or len(taken) == 1:
                count = f"{len(taken)} of {least} sessions or more, {left}"
                self.tell(f"{name}: {count}; {_newest(session)}")
            measured.lines = [" ".join(row) for row in rows]
        measured.lines = [" ".join(row) for row in rows_of(taken, work, plan)]

    def _work(self, device: BrowserDevice, name: str) -> list[Work]:
        """What is there to be measured."""
        subjects = [
            Subject(what=spec, runtime=runtime, precision=precision, threads=self.asked.threads)
            for spec in self.asked.specs
            for runtime in runtimes_for(device, spec, self.asked.runtimes)
            for precision in self.asked.precisions
        ]
        without = (MissingStep, ArtifactRejected)
        found, left_out = find_all(self.home, device, subjects, without)
        for one in left_out:
            self.tell(f"{name}: left out: {one.seen}")
        return found


def _left(taken: int, least: int, spent_s: float, plan: Plan) -> str:
    """Until each file has its fewest sessions; then until the limit of time."""
    if taken < least:
        return f"at least {span(spent_s / taken * (least - taken))} left"
    return f"at most {span(max(0.0, (plan.limit_s or 0.0) - spent_s))} left"


def _newest(session: Session) -> str:
    what = f"{session.request.model} {session.request.precision}"
    if session.failure is not None:
        return f"{what} failed: {session.failure.stage}: {session.failure.reason}"
    found = session_median_ms(session)
    return f"{what} {found:.1f} ms" if found is not None else f"{what}: no sample left alone"


def rows_of(sessions: Sequence[Session], work: Sequence[Work], plan: Plan) -> list[Row]:
    """Of each file: its model, how it is run, and its latency so far or why it has none."""
    known, rows = KnownSoFar.of(sessions, plan), []
    for one in work:
        request = one.request
        mine = medians_ms(known.of_work(one))
        how = f"{request.runtime}, {request.precision}"
        rows.append((request.model, how, _state(mine, known.ratio(one), sessions, one)))
    return rows


def _state(
    medians: Sequence[float], ratio: Ratio | None, sessions: Sequence[Session], work: Work
) -> str:
    if medians:
        told = f"{across_passes(medians).value:.1f} ms"
        if ratio is not None and ratio.half_width is not None:
            told += f", {ratio.value:.2f}x +-{ratio.half_width:.1%}"
        return told
    failures = [s for s in sessions if s.request == work.request and s.failure is not None]
    return verdict(failures[-1]).reason if failures else "not yet"
