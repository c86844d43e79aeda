"""A server for pages in this process, and a device for the first page that comes."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cli.measuring.expected import torch_masks
from bench.protocol import measure
from bench.sessions.record import Plan, Session
from bench.work.find import find
from bench.work.subject import Subject
from devices.browser.device import BrowserDevice
from devices.browser.pages import Page, Pages
from devices.browser.server import Offered
from devices.browser.serving import Serving, Where, serving
from devices.browser.site import Site
from devices.browser.tab import Known
from devices.emulated.page import EmulatedPage
from devices.records import Loop, Turns
from zoo.home import Home

PLAN = Plan(
    loop=Loop(turns=Turns(rounds=6, fewest_turns=0)), sessions=1, max_sessions=1, memory=False
)


def bare_site(folder: Path) -> Site:
    """No page at all: the emulated ones need none."""
    (folder / "index.html").write_text("<!doctype html><title>@SITE@</title>")
    (folder / "manifest.json").write_text(json.dumps({"versions": {}, "files": {}}))
    versions = {"litert": "emulated", "onnxruntime": "emulated"}
    return Site(folder=folder, files={"index.html": ""}, versions=versions, name="bare")


@dataclass(kw_only=True)
class Served:
    """A server, and the pages as they come."""

    server: Serving
    home: Home
    came: queue.SimpleQueue[Page] = field(default_factory=queue.SimpleQueue)

    def page(self, *faults: str, **more: Any) -> EmulatedPage:
        """One that joins now."""
        page = EmulatedPage(link=self.server.link(), faults=frozenset(faults), **more)
        page.start()
        return page

    def device(self) -> BrowserDevice:
        """The next page that comes."""
        known = Known(expect=torch_masks(self.home))
        return BrowserDevice(self.came.get(timeout=20), self.server.offered, known, deadline_s=20)

    def measured(
        self,
        device: BrowserDevice,
        model: str,
        runtimes: Sequence[str] = ("litert",),
        plan: Plan = PLAN,
        precisions: Sequence[str] = ("fp32",),
    ) -> list[Session]:
        from zoo.registry import get

        subjects = [
            Subject(what=get(model), runtime=runtime, precision=precision)
            for runtime in runtimes
            for precision in precisions
        ]
        work = [find(self.home, device, subject) for subject in subjects]
        return list(measure(device, work, plan))


@contextmanager
def served(
    home: Home, folder: Path, where: Where | None = None, offered: Offered | None = None
) -> Iterator[Served]:
    """By loopback, and with no real page, if nothing else is said."""
    came: queue.SimpleQueue[Page] = queue.SimpleQueue()
    offered = offered or Offered(site=bare_site(folder))
    offered.welcome = {"asked": "", "measures": True, "models": []}
    with serving(where or Where(), Pages(arrived=came.put), offered) as server:
        yield Served(server=server, home=home, came=came)
