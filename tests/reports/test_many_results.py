"""Results of several machines, and of another day: what is joined, kept apart, and said to move."""

from __future__ import annotations

import csv
import json
import shutil
from functools import partial
from pathlib import Path

import made
import pytest
from commands import invoke

from bench.sessions.store import read_all, write_session
from devices.records import RunRequest
from reports.gather.joined import Joined
from reports.load import load, report_of
from reports.since import moves_since
from reports.stored.read import read_sessions
from reports.text.tables import every_row
from reports.write import write_report
from zoo.base.errors import RecordError
from zoo.home import Home

SPECS = made.SPECS[:3]


def home_of(folder: Path, *devices: str, first: int = 0, slower: float = 1.0) -> Home:
    home = Home(root=folder)
    where = [made.device(name) for name in devices]
    made.store(home, where, SPECS, sessions=8, first=first, slower=slower)
    return home


def test_machines_are_reported_together(tmp_path: Path) -> None:
    laptop = home_of(tmp_path / "laptop", "a laptop")
    desk = home_of(tmp_path / "desk", "a desktop", first=1)
    report = load(laptop, desk)
    assert {facet.device.name for facet in report.facets} == {"a laptop", "a desktop"}
    assert len(report.rows) == 2 * len(SPECS)
    assert report.apart == ()
    invoke("report", str(laptop.root), str(desk.root), "--output", str(tmp_path / "out"))
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<h2>a laptop, burst" in page
    assert "<h2>a desktop, burst" in page


def test_equal_devices_of_two_folders_are_kept_apart(tmp_path: Path) -> None:
    one = home_of(tmp_path / "one", "a laptop")
    two = home_of(tmp_path / "two", "a laptop", first=1)
    report = load(one, two)
    names = {facet.device.name for facet in report.facets}
    assert names == {"a laptop [one]", "a laptop [two]"}
    assert "nothing tells whether it is one machine" in report.apart[0]


def test_equal_hosts_are_told_apart_by_their_machines(tmp_path: Path) -> None:
    one = home_of(tmp_path / "one", "a laptop")
    two = home_of(tmp_path / "two", "a laptop", first=1)
    for home, machine in ((one, "1" * 12), (two, "2" * 12)):
        for session in read_all(home).sessions:
            write_session(one, session.model_copy(update={"machine": machine}))
    names = {f"a laptop [machine {machine}]" for machine in ("1" * 12, "2" * 12)}
    report = load(one)
    assert {facet.device.name for facet in report.facets} == names, "not pooled"
    assert report.apart[0].startswith("a laptop is 2 machines: ")
    # One machine's sessions are its own, in however many folders they lie.
    shutil.rmtree(two.results)
    for session in read_all(one).sessions:
        if session.machine == "2" * 12:
            again = session.model_copy(update={"id": session.id[::-1]})
            write_session(two, again)
    both = load(one, two)
    assert {facet.device.name for facet in both.facets} == names
    older = home_of(tmp_path / "older", "a laptop", first=2)
    told = {facet.device.name for facet in load(one, older).facets}
    assert told == names | {"a laptop [older]"}


def test_devices_of_one_name_that_differ_are_named_with_both_values(tmp_path: Path) -> None:
    one = home_of(tmp_path / "one", "a laptop")
    two = home_of(tmp_path / "two", "a laptop", first=1)
    for session in read_all(two).sessions:
        device = session.device.model_copy(update={"os": "2"})
        write_session(two, session.model_copy(update={"device": device}))
    assert load(one, two).apart == ("a laptop: kept apart, os is '1' and '2'",)


def test_a_copy_of_a_session_counts_once_and_an_edited_one_is_refused(tmp_path: Path) -> None:
    one = home_of(tmp_path / "one", "a laptop")
    shutil.copytree(one.root, tmp_path / "two")
    two = Home(root=tmp_path / "two")
    assert [row.sessions for row in load(one, two).rows] == [row.sessions for row in load(one).rows]
    path = sorted(two.results.glob("*/*.json"))[0]
    path.write_text(path.read_text().replace('"commit":null', '"commit":"abc"'))
    with pytest.raises(RecordError, match="are of one id, and differ"):
        load(one, two)


def test_of_very_many_devices_the_page_shows_the_first_and_names_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """210 devices of five files each are more than a browser should carry in one page."""
    home, specs = Home(root=tmp_path), made.SPECS[:5]
    made.store(home, [made.device(f"device {n:03d}") for n in range(210)], specs, sessions=1)
    monkeypatch.setenv("BENCH_HOME", str(home.root))
    folder = write_report(home.report, made.report(home)).parent
    page = (folder / "index.html").read_text()
    assert len(page.encode()) < 5_000_000
    assert page.count('<section class="place"') == 200
    assert "<li>device 209, burst" in page
    assert "10 more are in the tables beside this page" in page
    assert len((folder / "table.csv").read_text().splitlines()) == 1 + 210 * len(specs)
    assert "More pictures are not drawn" in (folder / "pareto.svg").read_text()
    invoke("report", "--device", "device 209")
    page = (home.report / "index.html").read_text()
    assert page.count('<section class="place"') == 1
    assert "<h2>device 209, burst" in page
    told = invoke("report", "--device", "pixel", status=1).output
    assert "no stored devices and modes match 'pixel'" in told
    assert "and 190 more" in told


@pytest.mark.parametrize("name", ["deeplab_0.5_128", "mnv2_slim_unet_0.4_128", "deeplab"])
def test_a_variant_that_this_version_does_not_know_keeps_its_row(home: Home, name: str) -> None:
    made.store(home, [made.device()], SPECS, sessions=1)
    *others, last = read_all(home).sessions
    unknown = last.request.model_copy(update={"model": name})
    write_session(home, last.model_copy(update={"request": unknown}))
    invoke("report")
    rows = csv.DictReader((home.report / "table.csv").read_text().splitlines())
    told = {row["model"]: row["complexity_reason"] for row in rows}
    assert told.pop(name) == "not a variant of this version"
    assert told == {session.request.model: "" for session in others}
    assert "not a variant of this version: bench models" in (home.report / "index.html").read_text()


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    assert "holds no results" in invoke("report", str(tmp_path), status=1).output


def test_what_moved_is_told_and_what_did_not_is_not(tmp_path: Path) -> None:
    home = home_of(tmp_path / "home", "a laptop")
    write_report(tmp_path / "old", made.report(home))
    home_of(tmp_path / "home", "a laptop", first=1)
    same = moves_since(tmp_path / "old", made.report(home))
    # The machine was slower as a whole, which only what is relative to nothing shows.
    assert same.compared == len(SPECS)
    (reference,) = same.latency
    assert reference.startswith(SPECS[0].name)
    assert "absolute: the device's own drift is in it" in reference
    assert same.iou == same.front == same.new == same.gone == ()
    later = home_of(tmp_path / "later", "a laptop", first=2, slower=1.2)
    moved = moves_since(tmp_path / "old", made.report(later))
    assert [line.split()[0] for line in moved.latency] == [SPECS[0].name, SPECS[2].name]
    assert f"over 8 and 8 sessions, relative to {SPECS[0].name}" in moved.latency[1]
    page = write_report(tmp_path / "new", made.report(later), moved)
    assert moved.latency[1] in page.read_text()
    assert moved.latency[1] in (tmp_path / "new" / "moved.md").read_text()


def test_to_another_reference_file_nothing_is_relative(tmp_path: Path) -> None:
    home = home_of(tmp_path / "home", "a laptop")
    old = write_report(tmp_path / "old", made.report(home)).parent
    rows = json.loads((old / "rows.json").read_text())
    for row in rows["rows"]:
        row["relative_to_sha256"] = row["relative_to_sha256"] and "0" * 64
    (old / "rows.json").write_text(json.dumps(rows))
    found = moves_since(
        old, made.report(home_of(tmp_path / "later", "a laptop", first=2, slower=1.2))
    )
    assert found.latency
    assert all("absolute" in line for line in found.latency)


def test_of_two_references_in_a_table_each_figure_names_its_own(tmp_path: Path) -> None:
    home = home_of(tmp_path, "a laptop")
    assert "] to mnv2" not in every_row(made.report(home))
    made.store(home, [made.device("a laptop")], made.SPECS[3:5], sessions=8, first=1)
    table = every_row(made.report(home))
    for model, beside in ((1, 0), (2, 0), (4, 3)):
        (line,) = (x for x in table.splitlines() if x.startswith(f"| {made.SPECS[model].name} |"))
        assert f"] to {made.SPECS[beside].name} |" in line


def test_runs_that_differ_among_themselves_have_not_moved(tmp_path: Path) -> None:
    """Two runs a side, the relative latency of which lies a tenth apart on both."""
    home = Home(root=tmp_path / "home")
    where = [made.device("a laptop")]
    for first, slower in ((1, 1.0), (2, 1.1)):
        made.store(home, where, SPECS, sessions=8, first=first, slower=slower)
    write_report(tmp_path / "old", made.report(home))
    for first, slower in ((3, 1.12), (4, 1.02)):
        made.store(home, where, SPECS, sessions=8, first=first, slower=slower)
    found = moves_since(tmp_path / "old", made.report(home))
    assert found.compared == len(SPECS)
    assert found.latency == ()


def test_each_of_two_phones_of_a_kind_is_compared_with_itself(tmp_path: Path) -> None:
    home = Home(root=tmp_path / "home")
    one, two = (made.device("Pixel 8", unit=letter * 8) for letter in "ab")
    made.store(home, [one], SPECS[:2], first=1)
    write_report(tmp_path / "old", made.report(home))
    made.store(home, [two], SPECS[:2], first=2)
    found = moves_since(tmp_path / "old", made.report(home))
    assert found.compared == 0
    assert found.latency == ()
    assert [line.endswith("[bbbbbb]: new") for line in found.new] == [True, True]


def test_new_and_gone_rows_and_changed_ious_are_told(tmp_path: Path) -> None:
    home = home_of(tmp_path / "home", "a laptop")
    old = write_report(tmp_path / "old", made.report(home)).parent
    rows = json.loads((old / "rows.json").read_text())
    rows["rows"][0]["iou"] -= 0.02
    rows["rows"][1]["runtime"] = "onnxruntime"
    rows["rows"][2]["on_front"] = not rows["rows"][2]["on_front"]
    (old / "rows.json").write_text(json.dumps(rows))
    found = moves_since(old, made.report(home))
    assert "IoU +2.00 points" in found.iou[0]
    assert len(found.front) == len(found.new) == len(found.gone) == 1
    assert "onnxruntime" in found.gone[0]


@pytest.mark.parametrize("text", ["", "[]", '{"rows": [{}]}', '{"rows": 3}', "[" * 100_000])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(RecordError, match="is no earlier report"):
        moves_since(tmp_path, load(Home(root=tmp_path)))


@pytest.mark.parametrize(
    "changed",
    [{"session_medians_ms": "1 2"}, {"session_relatives": "x"}, {"session_medians_ms": "0"}],
    ids=["too many", "no number", "nothing"],
)
def test_figures_that_are_none_are_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    home = Home(root=tmp_path / "home")
    made.store(home, [made.device("a laptop")], SPECS[:1], sessions=1)
    old = write_report(tmp_path / "old", made.report(home)).parent
    rows = json.loads((old / "rows.json").read_text())
    rows["rows"][0] |= changed
    (old / "rows.json").write_text(json.dumps(rows))
    with pytest.raises(RecordError, match="is no earlier report"):
        moves_since(old, made.report(home))


def test_a_phone_of_one_unit_is_pooled_wherever_it_was_measured(tmp_path: Path) -> None:
    phone = made.device("Pixel 8", emulated=True).model_copy(update={"unit": "ab12cd34"})
    homes = [Home(root=tmp_path / "one"), Home(root=tmp_path / "two")]
    for first, home in enumerate(homes):
        made.store(home, [phone], SPECS[:1], sessions=3, first=first)
    (row,) = load(*homes).rows
    assert len(row.sessions) == 6
    assert load(*homes).apart == ()

    def accuracy_in(known: Home, home: Home, request: RunRequest) -> Joined:
        return made.accuracy_of(home, request) if home is known else Joined(orphan="not here")

    # Whichever home knows its file, it has its IoU.
    for known in homes:
        (row,) = report_of(*read_sessions(homes), partial(accuracy_in, known)).rows
        assert row.joined.iou is not None


def test_since_is_an_option_that_says_what_is_no_report(home: Home) -> None:
    home_of(home.root, "a laptop")
    kept = home.root / "march"
    invoke("report", "--output", str(kept))
    assert "0 rows were measured anew" in invoke("report", "--since", str(kept)).output
    assert "bench report --output" in invoke("report", "--since", "nowhere", status=1).output
