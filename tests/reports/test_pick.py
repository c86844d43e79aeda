"""Choosing a variant: the budget is kept, and what is not sure is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import made
import pytest
from commands import Chain, invoke

from devices.records import RunRequest
from reports.fronts.choose import Budget, choice_text, choose
from reports.gather.joined import Joined
from reports.gather.places import find_place, places
from reports.load import report_of
from reports.stored.read import read_sessions
from zoo.base.errors import UnknownName
from zoo.home import Home


def test_the_choice_is_that_of_brute_force(home: Home) -> None:
    made.store(home, [made.device()], precisions=("fp32", "int8"), sessions=7)
    (place,) = places(made.report(home))
    assert len(place.rows) == 2 * len(made.SPECS)
    for ms, size, iou in [(10.0, None, None), (20.0, 1_000_000, None), (1e3, None, 0.8), (7, 1, 1)]:
        found = choose(place.rows, Budget(latency_ms=ms, size_bytes=size, iou=iou))
        allowed = [
            (row.joined.iou.value, -row.p50_ms.value, row.key)
            for row in place.rows
            if row.joined.iou
            and row.p50_ms.value <= ms
            and (size is None or (row.joined.size_bytes or 0) <= size)
            and (iou is None or row.joined.iou.value >= iou)
        ]
        assert (found.row and found.row.key) == (max(allowed)[2] if allowed else None)
        assert sum(found.left_out.values()) == len(place.rows) - len(allowed)


def test_how_sure_it_is_falls_where_the_budget_cuts(home: Home) -> None:
    made.store(home, [made.device()], sessions=9)
    (place,) = places(made.report(home))
    target = next(row for row in place.rows if row.model == "mnv2_slim_unet_1.0_224")
    assert target.p50_ms.low is not None
    assert target.p50_ms.high is not None
    clear = choose(place.rows, Budget(latency_ms=2 * target.p50_ms.high))
    close = choose(place.rows, Budget(latency_ms=1.0001 * target.p50_ms.value))
    assert clear.row is close.row is target
    assert clear.sure == clear.within == 1.0
    assert close.sure is not None
    assert 0.2 < close.sure < 0.95
    assert f"in {close.sure:.0%} of cases" in choice_text(close, Budget(latency_ms=1))


def test_with_few_sessions_it_does_not_say_how_sure(home: Home) -> None:
    made.store(home, [made.device()], made.SPECS[:3], sessions=3)
    (place,) = places(made.report(home))
    found = choose(place.rows, Budget(latency_ms=100))
    assert found.row is not None
    assert found.sure is None
    assert "too few sessions" in choice_text(found, Budget(latency_ms=100))


def test_a_device_is_found_by_words_and_never_guessed(home: Home) -> None:
    made.store(
        home, [made.device("Pixel 8"), made.device("Pixel 9", emulated=True)], made.SPECS[:2]
    )
    report = made.report(home)
    assert find_place(report, "pixel 8").device.name == "Pixel 8"
    assert find_place(report, "android").device.emulated
    for words in ("pixel", "galaxy"):
        with pytest.raises(UnknownName, match="match"):
            find_place(report, words)


def test_where_files_were_counted_on_unlike_images_most_decide(home: Home) -> None:
    """Which there are on one device cannot be told by its name."""
    made.store(home, [made.device()], made.SPECS[:3])

    def accuracy(home: Home, request: RunRequest) -> Joined:
        known = made.accuracy_of(home, request)
        few = request.model == made.SPECS[0].name
        return replace(known, iou_of="hair on a few others") if few else known

    report = report_of(*read_sessions([home]), accuracy)
    assert len(places(report)) == 2
    assert len(find_place(report, "host").rows) == 2
    (other,) = find_place(report, "phone others").rows
    assert other.model == made.SPECS[0].name


def test_pick_is_a_command_for_scripts(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = made.steady_copy(chain.home, tmp_path / "home")
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    words = ("pick", "--device", "host", "--max-latency")
    told = json.loads(invoke(*words, "1s", "--json").output)
    assert told["choice"]["model"] == "mnv2_slim_unet_0.35_128"
    assert told["runner_up"] is None
    # Of seven images nothing is drawn.
    assert told["sure"] is None
    assert told["budget"]["latency_ms"] == 1000
    assert "mnv2_slim_unet_0.35_128" in invoke(*words, "60fps").output
    assert "slower" in invoke(*words, "0.001ms", status=4).output
    assert "larger" in invoke(*words, "1s", "--max-size", "1KB", status=4).output
    assert "IoU too low" in invoke(*words, "1s", "--min-iou", "1", status=4).output
    for wrong in ("16.7", "-1ms", "16.7 MB", "ms"):
        assert "such as 12ms" in invoke(*words, wrong, status=2).output


def test_where_nothing_can_be_chosen_pick_ends_with_3(home: Home) -> None:
    made.store(home, [made.device()], made.SPECS[:1])
    told = invoke("pick", "--device", "host", "--max-latency", "1s", status=3).output
    assert "its IoU not known" in told
