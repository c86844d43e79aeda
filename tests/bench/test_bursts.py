"""What the system tells of samples: which are set aside, and what clock times a session."""

from __future__ import annotations

import pytest
from recorded import IN_TURNS, in_turns, replayed, turn

from bench.sessions.record import Session
from bench.sessions.store import write_session
from bench.statistics.bursts import Evidence, timed_of
from bench.statistics.stats import session_median_ms
from bench.statistics.verdict import verdict
from devices.records import RawRun
from reports.load import load
from zoo.home import Home


def one_session(run: RawRun) -> Session:
    _, session = replayed(
        [run], plan=IN_TURNS.model_copy(update={"sessions": 1, "max_sessions": 1})
    )
    return session


def test_what_was_interrupted_is_set_aside_and_what_was_slow_is_not() -> None:
    turns = [turn(5.0, round) for round in range(6)]
    turns[1] = turn(5.0, 1, lost_ms=0.3, hit=1)
    turns[2] = turn(9.0, 2)
    turns[3] = turn(5.0, 3, lost_ms=0.04, hit=4)  # no more than an interrupt or two
    session = one_session(in_turns(turns))
    found, (timed, clock) = Evidence.of(session), timed_of(session)
    assert (found.uninterrupted, found.samples) == (23, 24)
    assert (len(timed), clock) == (23, "wall")
    assert sum(ns > 8_000_000 for ns in timed) == 4
    assert verdict(session).label == "steady"


def test_where_cpu_time_is_no_latency_context_switches_tell(home: Home) -> None:
    turns = [turn(5.0, round, lost_ms=0.3, hit=round % 2) for round in range(6)]
    session = one_session(in_turns(turns))
    asked = session.request.model_copy(update={"threads": 2})
    threaded = session.model_copy(update={"request": asked})
    assert Evidence.of(threaded).uninterrupted == 21
    hit = [turn(5.0, round, lost_ms=2.0, hit=3) for round in range(6)]
    starved = threaded.model_copy(update={"run": in_turns(hit)})
    assert verdict(starved).label == "starved"
    assert timed_of(starved)[1] == "wall"
    # Nothing is left to time, and no later command stumbles over it.
    all_hit = [turn(5.0, round, lost_ms=2.0, hit=4) for round in range(6)]
    untimed = threaded.model_copy(update={"run": in_turns(all_hit)})
    assert session_median_ms(untimed) is None
    assert (verdict(untimed).label, verdict(untimed).counts) == ("short", False)
    assert "of 24 samples none was left alone" in verdict(untimed).reason
    for session in (threaded, untimed.model_copy(update={"id": "0" * 12})):
        write_session(home, session)
    (row,) = load(home).rows
    assert list(row.sessions) == [threaded.id]
    untold = [burst.model_copy(update={"switches": None, "cpu_ns": None}) for burst in turns]
    unknown = threaded.model_copy(update={"run": in_turns(untold)})
    assert Evidence.of(unknown).interrupted is None
    assert verdict(unknown).counts


def test_with_too_few_left_alone_the_latency_is_cpu_time() -> None:
    hit = [turn(5.0, round, lost_ms=4.0, hit=1) for round in range(6)]
    starved = one_session(in_turns(hit))
    assert Evidence.of(starved).uninterrupted == 18
    assert verdict(starved).label == "starved"
    assert verdict(starved).counts
    assert timed_of(starved)[1] == "cpu"
    assert session_median_ms(starved) == pytest.approx(5.0, rel=0.01)
