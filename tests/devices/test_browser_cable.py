"""An Android phone on a cable opens the page by itself, behind the real adb."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from commands import TINY, bench_process
from engines import page_is_built
from phones import adbs, phone

from bench.sessions.store import read_all
from devices.emulated.page import EmulatedPage
from devices.emulated.phone import EmulatedPhone
from zoo.home import Home

CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/149.0.0.0 Mobile Safari/537.36"
)
pytestmark = pytest.mark.skipif(not adbs(), reason="no adb here: nothing by a cable tested")


def asked_to_open(one: EmulatedPhone) -> str:
    """The address that the phone's browser was given."""
    log, until = Path(one.root) / "log", time.monotonic() + 60
    while True:
        told = log.read_text() if log.is_file() else ""
        if found := re.search(r"^am start -a android.intent.action.VIEW -d (\S+)$", told, re.M):
            return found[1]
        assert time.monotonic() < until, told
        time.sleep(0.05)


@pytest.mark.usefixtures("adb_server")
def test_the_page_is_opened_by_adb_and_measured(elsewhere: Home) -> None:
    page_is_built()
    words = ("--device", "android", "--via", "browser", "--model", TINY)
    with phone() as one:
        process = bench_process(elsewhere, "run", *words, "--sessions", "1", "--rounds", "4")
        try:
            link = asked_to_open(one)
            # Nothing of it was lost in the phone's shell.
            assert re.fullmatch(r"http://localhost:\d+/#t=[\w-]+&start", link)
            EmulatedPage(link=link, agent=CHROME, name="on a cable").start()
            output, _ = process.communicate(timeout=120)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 0, output
    assert f"opened on android:{one.address} by its cable" in output
    port = link.partition("localhost:")[2].partition("/")[0]
    assert one.led == [f"forward:tcp:{port};tcp:{port}", f"killforward:tcp:{port}"]
    (session,) = [s for s in read_all(elsewhere).sessions if s.device.kind == "browser"]
    assert session.run is not None
    assert session.device.emulated
    assert session.device.name == "on a cable, Chrome 149.0"
    assert session.device.os == "Android 10"
