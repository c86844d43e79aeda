"""The worst that happens to a page: its worker or the server killed, anything at any moment."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter

import pytest
from browser import chromium
from commands import TINY, bench_process, running
from engines import engine_is_here, link_of, page_is_built
from selenium.webdriver.support.wait import WebDriverWait

from bench.sessions.record import Session
from bench.sessions.store import read_all
from bench.statistics.verdict import verdict
from devices.emulated.page import FAULTS, EmulatedPage
from zoo.home import Home

pytestmark = pytest.mark.soak

RUN = ("run", "--device", "browser", "--model", TINY, "--runtime", "litert")
PASSES = ("--sessions", "4", "--max-sessions", "8")
ROUNDS = int(os.environ.get("BENCH_PAGE_RUNS", "0"))
# What one meets in seconds; the short form is of these alone.
QUICK = ("column", "garbage", "lost", "replayed", "reloaded", "worker", "SIGTERM", "SIGKILL")
at_length = pytest.mark.skipif(not ROUNDS, reason="minutes in a real engine: make soak")
# A page that is gone is waited for a minute, after a quarter of one.
LONGEST_S = 150
# Whatever is measured with these is no figure.
WRONG = ("apart", "column", "garbage", "gpu", "impossible", "malformed")
# The page keeps its workers where a test can reach them, as an engine does that ends one.
WITHIN_REACH = """
window.workers = [];
window.Worker = class extends Worker {
    constructor(...given) { super(...given); window.workers.push(this); }
};
"""


def of_pages(home: Home) -> list[Session]:
    return [s for s in read_all(home).sessions if s.device.kind == "browser"]


@at_length
def test_a_worker_that_the_engine_kills(elsewhere: Home) -> None:
    engine_is_here("chromium")
    with (
        running(bench_process(elsewhere, *RUN, "--rounds", "40", *PASSES)) as process,
        chromium() as page,
    ):
        assert process.stdout
        page.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": WITHIN_REACH}
        )
        page.driver.get(f"{link_of(process)}&start")
        said = [next(line for line in process.stdout if line.startswith("pass 1"))]
        # The second pass is at its warm-up or its turns then.
        time.sleep(3)
        page.run("window.workers.at(-1).terminate()")
        said += process.stdout
        # Some session failed, and the rest went on.
        assert process.wait(timeout=120) == 3, "".join(said)
    failures = [s.failure.reason for s in of_pages(elsewhere) if s.failure]
    assert [reason for reason in failures if "did not answer" in reason] == failures
    assert len(failures) == 1
    assert sum(verdict(s).counts for s in of_pages(elsewhere)) >= 4


@at_length
def test_a_server_that_is_killed_and_started_again(elsewhere: Home) -> None:
    engine_is_here("chromium")
    words = (*RUN, "--rounds", "40", *PASSES)
    with chromium() as page:
        with running(bench_process(elsewhere, *words)) as process:
            assert process.stdout
            link = link_of(process)
            page.driver.get(f"{link}&start")
            next(line for line in process.stdout if line.startswith("pass 2"))
            process.send_signal(signal.SIGKILL)
            process.wait()
        kept = {s.id for s in of_pages(elsewhere)}
        assert kept
        waiting = WebDriverWait(page.driver, 30)
        waiting.until(lambda _: "does not answer. Trying again" in page.text("#status"))
        port = re.search(r":(\d+)/", link)
        assert port
        again = bench_process(elsewhere, *words, "--resume", "--port", port[1])
        with running(again) as process:
            assert process.stdout
            link = link_of(process)
            # The old page has the old code, and says what to do.
            waiting.until(lambda _: "Scan the one that the computer shows" in page.text("#status"))
            page.driver.get("about:blank")
            page.driver.get(f"{link}&start")
            said = "".join(process.stdout)
            assert process.wait(timeout=60) == 0, said
        # A server of another port knows the same browser.
        with running(bench_process(elsewhere, *words, "--resume")) as process:
            page.driver.get(f"{link_of(process)}&start")
            told, _ = process.communicate(timeout=60)
            assert "every session is there already" in told, told
    found = of_pages(elsewhere)
    assert kept < {s.id for s in found}
    assert 4 <= len(found) <= 6


def test_random_faults_at_random_moments(elsewhere: Home) -> None:
    """No run hangs or is lost, and nothing wrong becomes a figure."""
    page_is_built()
    generator = random.Random(int(os.environ.get("BENCH_SEED", "0")))
    ends: Counter[str] = Counter()
    known: set[str] = set()
    every = [*FAULTS, "SIGTERM", "SIGKILL"] if ROUNDS else QUICK
    for number in range(1, (ROUNDS or 3) + 1):
        fault = generator.choice(every)
        moment = generator.randint(0, 40)
        status, took_s = soaked_run(elsewhere, fault, moment)
        new = [s for s in of_pages(elsewhere) if s.id not in known]
        assert known <= {s.id for s in of_pages(elsewhere)}
        known |= {s.id for s in new}
        if fault in WRONG:
            assert not any(verdict(s).counts for s in new)
        ends[f"{fault}, status {status}"] += 1
        told = f"{fault} at turn {moment}: status {status}, {took_s:.1f} s, {len(new)} sessions"
        print(f"{number} {told}", flush=True)
    assert read_all(elsewhere).problems == ()
    print(f"{len(known)} sessions, none lost; {dict(sorted(ends.items()))}")


def soaked_run(home: Home, fault: str, moment: int) -> tuple[int, float]:
    """A run in the middle of which something happens; its status, and how long it took. moment: so
    many turns after the page came."""
    started = time.monotonic()
    words = ("--rounds", "6", "--sessions", "2", "--max-sessions", "3")
    with running(bench_process(home, *RUN, *words)) as process:
        faults = frozenset({fault}) & set(FAULTS)
        page = EmulatedPage(link=link_of(process), faults=faults, after_turns=moment)
        page.start()
        if fault.startswith("SIG"):
            while page.turns < moment and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.Signals[fault])
        output, _ = process.communicate(timeout=LONGEST_S)
    assert "Traceback" not in output
    killed = {"SIGTERM": (130,), "SIGKILL": (-signal.SIGKILL,)}.get(fault, ())
    assert process.returncode in (0, 1, 3, *killed), output
    assert process.returncode != 1 or re.search("next:|Aborted!", output), output
    return process.returncode, time.monotonic() - started
