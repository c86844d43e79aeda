"""Files that are open in a page, in workers that are ended and never used again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from devices.base import OpenRun, Together
from devices.browser import checks
from devices.browser.conditions import known_or
from devices.browser.inputs import Expected
from devices.browser.messages import (
    MOST_OUTPUTS,
    MOST_TEXT,
    Ended,
    Evidence,
    Opened,
    OutputsRead,
    Posted,
    Samples,
    Started,
    TurnTaken,
    too_large,
)
from devices.browser.pages import PageLost
from devices.browser.tab import Tab
from devices.records import (
    INFERENCES_A_SAMPLE,
    INFINITE_VALUES,
    Burst,
    Loop,
    Reading,
    RunRequest,
    Turns,
)
from zoo.base.errors import PassBroken, SessionFailed

ENDS_S = 5.0
# What a turn may take beside its inferences; a worker that takes longer was killed, or hangs.
TURN_S = 30.0
SLOWER = 20

Value = TypeVar("Value", bound=Posted)


class Worker:
    """A fresh worker of the page: one runtime, set one way. Raises SessionFailed."""

    def __init__(self, tab: Tab, request: RunRequest) -> None:
        self.tab = tab
        self.number = tab.next_worker()
        self.gone = False
        runtime, _, accelerator = request.runtime.partition("-")
        self.ask(
            Started,
            "start",
            tab.deadline_s,
            runtime=runtime,
            accelerator=accelerator or "wasm",
            threads=request.threads,
        )

    def ask(self, kind: type[Value], command: str, deadline_s: float, **values: Any) -> Value:
        """Its answer. Raises SessionFailed; PassBroken where another file's command ended it."""
        if self.gone:
            raise PassBroken(command, "the worker that it shared was ended by another file")
        try:
            page = self.tab.page
            return page.ask(kind, command, deadline_s, worker=self.number, **values)
        except SessionFailed as error:
            self.gone = error.code in ("worker_gone", "timeout")
            raise

    def end(self) -> None:
        """Never raises: a page that is gone has no worker either."""
        try:
            if not self.tab.page.silent:
                self.tab.page.ask(Ended, "end", ENDS_S, worker=self.number)
        except SessionFailed:
            return


class BrowserRun(OpenRun):
    """A file that is open in a worker, its own or one that it shares."""

    told_by_check = True

    def __init__(
        self, worker: Worker, file: int, request: RunRequest, artifact: Path, own: bool
    ) -> None:
        self.worker, self.file, self.request, self.own = worker, file, request, own
        self.tab = worker.tab
        self.expected: Expected = self.tab.expected(request, artifact)
        if too_large(self.expected.outputs):
            raise _too_large(self.expected)
        opened = worker.ask(
            Opened,
            "open",
            self.tab.deadline_s,
            file=file,
            sha256=self.tab.offer(artifact, request),
            inputs=[one.source() for one in self.expected.inputs],
        )
        self.load_ns = (opened.load_ns,)
        self.first_inference_ns: int = opened.first_ns
        self.first_difference = checks.largest_difference(
            opened.outputs, self.expected, request, "first"
        )
        self.turn_s = min(self.tab.deadline_s, TURN_S + SLOWER * opened.first_ns / 1e9)
        self.read_shares: list[float] = []
        self.proved(opened.evidence)

    def proved(self, evidence: Evidence) -> None:
        """Note what ran. Raises SessionFailed where it is not what was asked for."""
        isolated = self.tab.page.joined.isolated
        ran = checks.what_ran(evidence, self.request, self.tab.site, isolated)
        self.program_sha256, self.settings = ran.program_sha256, ran.settings
        self.fallback, self.heap_bytes = ran.fallback, evidence.heap_bytes
        self.adapter, self.console = evidence.adapter, evidence.console

    @contextmanager
    def _within_a_pass(self) -> Iterator[None]:
        """A page that is lost in the block breaks the whole pass."""
        try:
            yield
        except PageLost as error:
            self.tab.lost(error)
            raise PassBroken(error.stage, error.reason, code=error.code) from error

    def burst(self, turns: Turns, round: int, position: int) -> Burst:
        with self._within_a_pass():
            taken = self.worker.ask(
                TurnTaken,
                "burst",
                self.turn_s,
                file=self.file,
                discard_ms=turns.discard_ms,
                sample_ms=turns.sample_ms,
                limit_ms=turns.limit_ms,
            )
        self.per_sample = taken.per_sample
        if taken.read_share is not None:
            self.read_shares.append(taken.read_share)
        return Burst(
            round=round,
            position=position,
            started_ns=taken.started_ns,
            discarded=taken.discarded,
            wall_ns=tuple(taken.wall_ns),
        )

    def sample(self, count: int, loop: Loop) -> dict[str, list[int]]:
        slowest_s = 10 * self.first_inference_ns / 1e9 + (loop.period_ms or 0) / 1e3
        taken = self.worker.ask(
            Samples,
            "sample",
            self.tab.deadline_s + count * slowest_s,
            file=self.file,
            count=count,
            period_ms=loop.period_ms,
        )
        self.per_sample = taken.per_sample
        return {"total": list(taken.total_ns)}

    def check(self) -> None:
        """The output of the last inference, and what ran until then."""
        with self._within_a_pass():
            read = self.worker.ask(OutputsRead, "outputs", self.turn_s, file=self.file)
        last = checks.largest_difference(read.outputs, self.expected, self.request, "last")
        self.proved(read.evidence)
        self.tab.losses = 0
        share = sum(self.read_shares) / len(self.read_shares) if self.read_shares else None
        self.readings: dict[str, Reading] = {
            "mask_difference": Reading(value=float(f"{max(self.first_difference, last):.3g}")),
            "pixels_unlike_torch": checks.unlike_torch(read.outputs, self.expected),
            INFERENCES_A_SAMPLE: Reading(value=self.per_sample),
            "wasm_heap_bytes": known_or(self.heap_bytes, "no memory of a module was seen"),
            "read_back_share": known_or(share, "nothing is read back from a CPU"),
            "gpu": known_or(self.adapter, "none took part, or the browser does not name it"),
            "console": known_or(" | ".join(self.console)[-500:] or None, "nothing was printed"),
        }
        if count := checks.infinite(read.outputs):
            self.readings |= {INFINITE_VALUES: Reading(value=count)}

    def memory(self) -> tuple[int | None, int | None]:
        """WebAssembly's memory alone: no page can read more everywhere."""
        return self.heap_bytes, None

    def close(self) -> None:
        if self.own:
            self.worker.end()


def _too_large(expected: Expected) -> SessionFailed:
    megabytes = sum(one.nbytes for one in expected.outputs) / 1e6
    return SessionFailed(
        "open",
        f"its {len(expected.outputs)} outputs hold {megabytes:.1f} MB, too much for a page to send",
        expected=f"at most {MOST_OUTPUTS} outputs, of {MOST_TEXT * 3 / 4e6:.2f} MB each and twice "
        "that together",
        remedy="measure it on another device, as with --device host; or export smaller outputs",
        code="too_large",
    )


class BrowserTogether(Together):
    """The files of a pass: those of one runtime, set one way, in one fresh worker, and each of
    those apart in its own."""

    def __init__(
        self,
        tab: Tab,
        asked: Sequence[tuple[RunRequest, Path]],
        apart: Collection[RunRequest],
    ) -> None:
        self.workers: list[Worker] = []
        found: dict[int, OpenRun | SessionFailed] = {}
        groups: dict[tuple[str, int, int | None], list[int]] = {}
        for place, (request, _) in enumerate(asked):
            alone = place if request in apart else None
            groups.setdefault((request.runtime, request.threads, alone), []).append(place)
        try:
            for places in groups.values():
                found |= self._opened(tab, {place: asked[place] for place in places})
        except BaseException:
            self.close()
            raise
        self.runs = [found[place] for place in range(len(asked))]

    def _opened(
        self, tab: Tab, asked: dict[int, tuple[RunRequest, Path]]
    ) -> dict[int, OpenRun | SessionFailed]:
        found: dict[int, OpenRun | SessionFailed] = {}
        if not asked:
            return found
        try:
            worker = Worker(tab, next(iter(asked.values()))[0])
        except PageLost:
            raise
        except SessionFailed as error:
            return dict.fromkeys(asked, error)
        self.workers.append(worker)
        for place, (request, artifact) in asked.items():
            try:
                found[place] = BrowserRun(worker, place, request, artifact, own=False)
            except PageLost:
                raise
            except SessionFailed as error:
                if worker.gone:
                    # What it held has gone with it: the others begin again, without this file.
                    others = {other: asked[other] for other in asked if other != place}
                    return {place: error} | self._opened(tab, others)
                found[place] = error
        runs = [one for one in found.values() if isinstance(one, BrowserRun)]
        for run in runs:
            run.shared_by = len(runs) if len(runs) > 1 else None
        return found

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
