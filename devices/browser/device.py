"""A browser behind the seam: the page is a worker that opens, samples, checks and closes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devices.android.masks import Expect, nothing_expected
from devices.base import Device, DeviceInfo, Reading, RunRequest
from devices.browser import conditions
from devices.browser.identity import info_of
from devices.browser.inputs import Expected, expected_of
from devices.browser.messages import Conditions
from devices.browser.pages import Page, PageLost
from devices.browser.server import Offered
from devices.browser.session import BrowserRun, BrowserTogether, Worker
from zoo.errors import DeviceError, SessionFailed

# The same runtimes as elsewhere, built for browsers; alone they run on the CPU, by WebAssembly.
RUNTIMES = {
    "litert": "LiteRT.js",
    "litert-webgpu": "LiteRT.js",
    "onnxruntime": "onnxruntime-web",
    "onnxruntime-webgpu": "onnxruntime-web",
}
DEADLINE_S = 120.0
RETURNS_S = 60.0
CONDITIONS_S = 10.0
MOST_LOSSES = 4


@dataclass(kw_only=True)
class Known:
    """Of one server, whatever page asks: what each file gives on this machine."""

    expect: Expect = nothing_expected
    by_request: dict[RunRequest, Expected] = field(default_factory=dict)


class BrowserDevice(Device):
    """One page. closed_by: what else ends with it, such as its server."""

    holds_several = True
    default_runtimes = ("litert",)
    reads_memory = False
    # Engines compile what runs often anew, in plateaus of up to a second.
    warm_s = 2.0

    def __init__(
        self,
        page: Page,
        offered: Offered,
        known: Known,
        deadline_s: float = DEADLINE_S,
        closed_by: Callable[[], None] = lambda: None,
    ) -> None:
        self.page, self.offered, self.known = page, offered, known
        self.deadline_s = deadline_s
        self.site = offered.site
        self._info = info_of(page.joined)
        self._workers = itertools.count(1)
        # Since a file of it was last measured to the end.
        self.losses = 0
        self._closed_by = closed_by

    def info(self) -> DeviceInfo:
        return self._info

    def runtimes(self) -> Mapping[str, str | None]:
        no_gpu = None if self.page.joined.webgpu else _why_no_gpu(self.page)
        return {name: no_gpu if name.endswith("webgpu") else None for name in RUNTIMES}

    def runtime_version(self, runtime: str) -> str:
        name = runtime.partition("-")[0]
        return f"{RUNTIMES[runtime]} {self.site.versions[name]}"

    def conditions(self) -> dict[str, Reading]:
        try:
            told = self.page.ask(Conditions, "conditions", CONDITIONS_S)
        except SessionFailed as error:
            return conditions.unknown(error.reason)
        return conditions.readings(told, self.page.joined)

    def settle(self, limit_s: float) -> Reading:
        return Reading(value=None, reason="a page can not tell how warm or busy its phone is")

    def open(self, request: RunRequest, artifact: Path) -> BrowserRun:
        self.ready(request)
        worker = Worker(self, request)
        try:
            return BrowserRun(worker, 0, request, artifact, own=True)
        except BaseException:
            worker.end()
            raise

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> BrowserTogether:
        while True:
            for request, _ in asked:
                self.ready(request)
            try:
                return BrowserTogether(self, asked, apart)
            except PageLost as error:
                self.lost(error)

    def lost(self, error: PageLost) -> None:
        """Note that the page went away in the middle. Raises DeviceError where it always does."""
        self.losses += 1
        if self.losses >= MOST_LOSSES:
            raise DeviceError(
                f"the page of {self._info.name} was lost {self.losses} times in a row: "
                f"{error.reason}",
                expected="a page that stays; phones end those that take too much memory",
                remedy="fewer models at a time, or close other pages; then --resume",
                code="page_gone",
            ) from error

    def ready(self, request: RunRequest) -> None:
        """Wait for a page that is gone for a moment. Raises DeviceError where it does not come
        back, or can not have so many threads."""
        joined = self.page.joined
        if request.threads > 1 and not (joined.isolated and joined.shared_memory):
            raise DeviceError(
                f"this page can not have {request.threads} threads",
                expected="an isolated page with shared memory: https, or a cable",
                remedy="--threads 1, or the https address",
                code="no_threads",
            )
        if not self.page.await_return(RETURNS_S) or self.page.over is not None:
            raise DeviceError(
                f"the page of {self._info.name} is gone",
                expected="the page open, and the screen on",
                remedy="open it again, and the same command with --resume",
                code="page_gone",
            )

    def expected(self, request: RunRequest, artifact: Path) -> Expected:
        """What the file is to give. Raises SessionFailed."""
        known = self.known.by_request
        if request not in known:
            known[request] = expected_of(request, artifact, self.known.expect)
        return known[request]

    def offer(self, artifact: Path, request: RunRequest) -> str:
        """Let the page fetch a file and its inputs; the file's hash."""
        self.offered.files[request.artifact_sha256] = artifact
        for one in self.expected(request, artifact).inputs:
            self.offered.files[one.sha256] = one.content
        return request.artifact_sha256

    def next_worker(self) -> int:
        return next(self._workers)

    def close(self) -> None:
        self.page.end("Measuring has ended. Thank you.")
        self._closed_by()


def _why_no_gpu(page: Page) -> str:
    if not page.joined.secure:
        return "a browser gives its GPU to secure pages alone: https, or a cable"
    return "this browser has no WebGPU adapter"
