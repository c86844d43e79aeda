"""The short end of a report: an answer for two frame rates, a dozen rows, and no wide line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import made
import pytest
from commands import TINY, invoke
from recorded import IN_TURNS, in_turns, turn

from bench.sessions.store import read_all, write_session
from bench.statistics.stats import session_median_ms
from reports.fronts.choose import Budget, choice_text, choose
from reports.text.answer import MOST_ROWS, answer
from reports.text.card import latencies
from reports.text.listing import column, listing
from zoo.home import Home


def test_it_answers_for_two_frame_rates_in_a_few_narrow_lines(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    made.store(home, [made.device()], precisions=("fp32", "int8"), sessions=8)
    lines = answer(made.report(home)).splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    assert lines[1].startswith("60 frames a second: mnv2_slim_unet_")
    assert lines[2].startswith("30 frames a second: mnv2_slim_unet_")
    rows = [line for line in lines if line.startswith("mnv2_slim_unet_")]
    assert 4 <= len(rows) <= MOST_ROWS
    # The best of each width is among them, and the front is marked.
    for width in ("0.35", "0.5", "0.75", "1.0"):
        assert any(line.startswith(f"mnv2_slim_unet_{width}_") for line in rows)
    assert any(line.endswith("yes") for line in rows)


def test_what_is_of_cpu_time_or_partly_on_the_cpu_says_so(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    made.store(home, [made.device()], sessions=8, plan=IN_TURNS)
    for session in read_all(home).sessions:
        ms = session_median_ms(session)
        assert ms is not None
        # Of all samples some part was another program's.
        run = in_turns([turn(ms, round, lost_ms=1, hit=4) for round in range(6)])
        run = run.model_copy(update={"fallback": "3 of 64 nodes on the CPU"})
        write_session(home, session.model_copy(update={"run": run}))
    report = made.report(home)
    lines = answer(report).splitlines()
    sentences, rows = lines[1:3], [line for line in lines if line.startswith("mnv2_slim_unet_")]
    assert all(" ms*;" in line for line in sentences)
    assert all("]* " in line for line in rows)
    assert all("litert PARTLY ON THE CPU fp32" in line for line in [*sentences, *rows])
    assert "* of CPU time, less than users wait: few samples were left alone" in lines
    # That, no file of `make zoo` is.
    assert max(map(len, lines)) <= 100 + len(" PARTLY ON THE CPU")
    choice = choose(report.rows, Budget(latency_ms=1000 / 60))
    assert choice_text(choice, Budget(latency_ms=1000 / 60)).count("ms of CPU time") == 2
    card = latencies(TINY, report.rows[:1])
    assert "| litert PARTLY ON THE CPU 1.0 |" in card
    assert "] of CPU time |" in card


def test_nothing_stored_names_the_next_command(home: Home) -> None:
    assert "Next: bench run" in invoke("report").output


@pytest.mark.parametrize("format", ["markdown", "csv"])
def test_lists_are_for_programs_too(home: Home, format: str) -> None:
    told = invoke("models", "--model", "mnv2_slim_unet_0.35_*", "--format", format).output
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(told)))
        assert rows[0]["model"] == "mnv2_slim_unet_0.35_128"
        assert len(rows) == 4
    else:
        assert "| mnv2_slim_unet_0.35_128 | 235,929 |" in told


def test_brackets_are_intervals_and_no_markup() -> None:
    rows = [{"p50": "1.0 [0.9, 1.1]"}, {"p50": "[bold]"}]
    shown = listing([column("p50 [range]", "p50")], rows)
    assert "p50 [range]" in shown
    assert "1.0 [0.9, 1.1]" in shown
    assert "[bold]" in shown
