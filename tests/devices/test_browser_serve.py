"""`bench serve`: whoever opens the address is measured, each browser by one page at a time."""

from __future__ import annotations

import signal

from commands import TINY, bench_process, running
from engines import link_of, page_is_built

from bench.sessions.store import read_all
from devices.emulated.page import EmulatedPage
from zoo.home import Home

WORDS = ("serve", "--model", TINY, "--time-limit", "1", "--idle", "60")


def test_two_phones_are_measured_and_a_second_page_of_one_waits(elsewhere: Home) -> None:
    page_is_built()
    with running(bench_process(elsewhere, *WORDS)) as process:
        assert process.stdout
        link = f"{link_of(process)}&start"
        one, two = (EmulatedPage(link=link, name=name) for name in ("one", "two"))
        one.start()
        two.start()
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("one,") and "sessions or more" in line:
                break
        again = EmulatedPage(link=link, name="one", unit=one.unit)
        again.start()
        again.wait()
        one.wait()
        two.wait()
        process.send_signal(signal.SIGINT)
        said += process.stdout
    told = "".join(said)
    assert process.returncode == 0, told
    assert again.over == "It ended early: another page of one, unknown browser is being measured"
    assert "at least" in told
    timed = [s for s in read_all(elsewhere).sessions if s.timed and s.device.kind == "browser"]
    assert len({s.device.unit for s in timed}) == 2
    assert len({s.id for s in timed}) == len(timed) >= 12
