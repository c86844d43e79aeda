"""The one page that a device holds: what it is to give, may fetch, and how often it was lost."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from devices.browser.inputs import Expected, expected_of
from devices.browser.pages import Page, PageLost
from devices.browser.server import Offered
from devices.browser.site import Site
from devices.masks import Expect, nothing_expected
from devices.records import RunRequest
from zoo.base.errors import DeviceError

DEADLINE_S = 120.0
RETURNS_S = 60.0
MOST_LOSSES = 4


@dataclass(kw_only=True)
class Known:
    """Of one server, whatever page asks: what each file gives on this machine."""

    expect: Expect = nothing_expected
    by_request: dict[RunRequest, Expected] = field(default_factory=dict)


class Tab:
    """name: of its device, for messages."""

    def __init__(
        self, page: Page, offered: Offered, known: Known, deadline_s: float, name: str
    ) -> None:
        self.page, self.offered, self.known = page, offered, known
        self.deadline_s, self.name = deadline_s, name
        self._workers = itertools.count(1)
        # Since a file of it was last measured to the end.
        self.losses = 0

    @property
    def site(self) -> Site:
        return self.offered.site

    def lost(self, error: PageLost) -> None:
        """Note that the page went away in the middle. Raises DeviceError where it always does."""
        self.losses += 1
        if self.losses >= MOST_LOSSES:
            raise DeviceError(
                f"the page of {self.name} was lost {self.losses} times in a row: {error.reason}",
                expected="a page that stays; phones end those that take too much memory",
                remedy="fewer models at a time, or close other pages; then the same again, run "
                "with --resume",
                code="page_gone",
            ) from error

    def ready(self, request: RunRequest) -> None:
        """Wait for a page that is gone for a moment. Raises DeviceError where it does not come
        back, or cannot have so many threads."""
        joined = self.page.joined
        if request.threads > 1 and not joined.has_threads:
            raise DeviceError(
                f"this page cannot have {request.threads} threads",
                expected="an isolated page with shared memory: https, or a cable",
                remedy="--threads 1, or the https address",
                code="no_threads",
            )
        if not self.page.await_return(RETURNS_S) or self.page.over is not None:
            raise DeviceError(
                f"the page of {self.name} is gone",
                expected="the page open, and the screen on",
                remedy="open it again, then the same again, run with --resume",
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
        """Its number."""
        return next(self._workers)
