"""Runs on cores of one's own and runs on cores that others used as well are kept apart."""

from __future__ import annotations

from collections import Counter

import pytest
from commands import TINY, invoke
from recorded import IN_TURNS, in_turns, recorded, replayed, sessions, turn

from bench.protocol import Known
from bench.sessions.record import Session
from bench.sessions.store import write_session
from bench.statistics.pooling import alike, contended_batches, counts_of
from bench.statistics.stats import session_median_ms
from bench.statistics.verdict import verdict
from devices.records import INFERENCES_A_SAMPLE, Reading
from reports.gather.unmeasured import remedy
from reports.load import load
from zoo.home import Home

# Of four samples a turn: in all 58 % of a run, and a tenth.
BUSY, NEARLY_CALM = (2, 3, 2, 3, 2, 2), (0, 1, 0, 1, 0, 0)


def a_run(hits: tuple[int, ...], commit: str = "a" * 40) -> list[Session]:
    """Six sessions of 5 ms, some samples of which were interrupted for 4 ms."""
    bursts = [turn(5.0, round, lost_ms=4.0, hit=hit) for round, hit in enumerate(hits)]
    found = replayed([in_turns(bursts)] * 6, plan=IN_TURNS)
    return [s.model_copy(update={"commit": commit}) for s in found if s.timed]


def test_a_run_is_contended_by_the_share_of_all_its_samples() -> None:
    busy, calm, quiet = a_run(BUSY), a_run(NEARLY_CALM), a_run((0,) * 6)
    found = contended_batches(map(counts_of, [*busy, *calm, *quiet]))
    assert found == {busy[0].batch: True, calm[0].batch: False, quiet[0].batch: False}
    # Of sessions one after the other nothing is known.
    in_a_row = [s for s in replayed([recorded(5.0)] * 2) if s.timed]
    assert contended_batches(map(counts_of, in_a_row)) == {in_a_row[0].batch: False}


def test_what_is_unlike_the_latest_run_is_not_counted_with_it() -> None:
    busy, calm = a_run(BUSY), a_run((0,) * 6)
    assert alike([*calm, *busy]) == busy
    assert alike([*busy, *calm]) == calm
    assert Known.of([*busy, *calm], IN_TURNS).counted == calm
    nearly = a_run(NEARLY_CALM)
    assert alike([*nearly, *calm]) == [*nearly, *calm]


def test_they_have_rows_of_their_own_in_a_report(home: Home) -> None:
    for session in (*a_run(BUSY), *a_run((0,) * 6), *a_run(NEARLY_CALM)):
        write_session(home, session)
    rows = {"contended" in row.facet.protocol: row for row in load(home).rows}
    assert {contended: len(row.sessions) for contended, row in rows.items()} == {True: 6, False: 12}
    assert rows[True].by_cpu
    assert not rows[False].by_cpu


def test_stored_ones_are_compared_under_one_load_alone(home: Home) -> None:
    words = ("compare", TINY, "--stored", "--runtime", "onnxruntime")
    sides = ("--commit", "aaaa", "--commit", "bbbb")
    for session in (*a_run((0,) * 6), *a_run(BUSY, commit="b" * 40)):
        write_session(home, session)
    refused = invoke(*words, *sides, status=1).output
    assert "unlike conditions: cores contended is False in session" in refused
    assert "leave --stored out" in refused
    # As on a machine that was restless once: what all sides share is compared.
    for session in a_run((0,) * 6, commit="b" * 40):
        write_session(home, session)
    assert "6 sessions under another load left out" in invoke(*words, *sides).output


def test_a_starved_session_counts_and_is_timed_by_its_cpu() -> None:
    starved, *others = a_run(BUSY)
    assert Counter(verdict(s).label for s in (starved, *others)) == {"starved": 6}
    assert verdict(starved).counts
    assert "58% of 24 samples interrupted" in verdict(starved).reason
    # Its wall times are 5 and 9 ms.
    assert session_median_ms(starved) == pytest.approx(5.0, rel=0.01)


def test_int8_by_other_products_is_not_pooled(home: Home) -> None:
    """onnxruntime's int8 takes nearly twice as long where its weights were made unsigned."""
    by_products = {}
    for settings in ("x64quantprecision=1", "x64quantprecision=0"):
        run = in_turns([turn(5.0, round) for round in range(6)])
        runs = [run.model_copy(update={"settings": settings})] * 6
        by_products[settings] = [s for s in replayed(runs, plan=IN_TURNS) if s.timed]
    slow, quick = by_products.values()
    assert Known.of([*slow, *quick], IN_TURNS).counted == quick
    for session in (*slow, *quick):
        write_session(home, session)
    rows = {row.facet.settings: row for row in load(home).rows}
    assert {settings: len(row.sessions) for settings, row in rows.items()} == {
        settings: 6 for settings in by_products
    }
    assert all(str(settings) in row.facet.how for settings, row in rows.items())


@pytest.mark.parametrize("together", [1, 20])
def test_samples_that_are_means_have_no_tail(home: Home, together: int) -> None:
    """As of a browser with a coarse clock."""
    (session, _) = sessions()
    before = {INFERENCES_A_SAMPLE: Reading(value=together)}
    run = recorded(5.0, 80).model_copy(update={"conditions_before": before})
    write_session(home, session.model_copy(update={"run": run}))
    (row,) = load(home).rows
    assert [row.p90_ms is None, row.p95_ms is None] == [together > 1] * 2
    for told in (invoke("show", session.id).output, remedy("p90", row)):
        assert ("each sample is the mean of" in told) == (together > 1)
