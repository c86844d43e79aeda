"""A browser behind the seam: the page is a worker that opens, samples, checks and closes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from devices.base import Device
from devices.browser import conditions
from devices.browser.identity import Browser, info_of
from devices.browser.messages import Conditions
from devices.browser.pages import Page, PageLost
from devices.browser.server import Offered
from devices.browser.session import BrowserRun, BrowserTogether, Worker
from devices.browser.tab import DEADLINE_S, Known, Tab
from devices.records import DeviceInfo, Reading, RunRequest
from zoo.base.errors import SessionFailed
from zoo.base.lock import timing

# The same runtimes as elsewhere, built for browsers; alone they run on the CPU, by WebAssembly.
RUNTIMES = {
    "litert": "LiteRT.js",
    "litert-webgpu": "LiteRT.js",
    "onnxruntime": "onnxruntime-web",
    "onnxruntime-webgpu": "onnxruntime-web",
}
CONDITIONS_S = 10.0


class BrowserDevice(Device):
    """One page. closed_by: what else ends with it, such as its server."""

    holds_several = True
    default_runtimes = ("litert",)
    reads_memory = False
    one_file = True
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
        self.page, self.site = page, offered.site
        self._info = info_of(page.joined)
        self.tab = Tab(page, offered, known, deadline_s, self._info.name)
        self._closed_by = closed_by
        # Its times are those of this machine's cores, unless a cable leads a phone's page here.
        computer = Browser.of(page.joined).kind == "computer"
        self.here = page.local and computer and not page.joined.emulated
        self.held = ExitStack()
        self.began = False

    def begin(self) -> None:
        """Of a page on this machine: hold its cores until it is closed. Raises FolderBusy where
        another command measures them."""
        if self.here and not self.began:
            self.held.enter_context(timing("host", "this machine"))
            self.began = True

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
        return Reading(value=None, reason="a page cannot tell how warm or busy its phone is")

    def open(self, request: RunRequest, artifact: Path) -> BrowserRun:
        self.begin()
        self.tab.ready(request)
        worker = Worker(self.tab, request)
        try:
            return BrowserRun(worker, 0, request, artifact, own=True)
        except BaseException:
            worker.end()
            raise

    def open_together(
        self, asked: Sequence[tuple[RunRequest, Path]], apart: Collection[RunRequest] = ()
    ) -> BrowserTogether:
        self.begin()
        while True:
            for request, _ in asked:
                self.tab.ready(request)
            try:
                return BrowserTogether(self.tab, asked, apart)
            except PageLost as error:
                self.tab.lost(error)

    def show(self, text: str, done: int, total: int) -> None:
        self.page.show(text, done, total)

    def close(self) -> None:
        self.page.end("Measuring has ended. Thank you.")
        self.held.close()
        self._closed_by()


def _why_no_gpu(page: Page) -> str:
    if not page.joined.secure:
        return "a browser gives its GPU to secure pages alone: https, or a cable"
    return "this browser has no WebGPU adapter"
