"""The index beside the sessions saves reading them, and never says anything else than they do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import made
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import invoke
from recorded import IN_TURNS, paired_work, recorded_passes, replayed

from bench.sessions.store import read_session, write_session
from reports.load import load
from reports.stored.index import NAME
from zoo.home import Home


@pytest.fixture
def kept(tmp_path: Path) -> Home:
    """Passes of three files in turns, and sessions one after the other, read once."""
    home, work = Home(root=tmp_path / "kept"), paired_work(3)
    runs = recorded_passes(work, IN_TURNS, lambda name, at: 2 + int(name[1]) + 0.01 * (at % 7))
    for session in replayed(runs, work, IN_TURNS):
        write_session(home, session)
    made.store(home, [made.device()], made.SPECS[:2], sessions=6)
    figures(home)
    return home


def figures(*homes: Home) -> list[object]:
    """All that a report says, but where its files lie."""
    found = load(*homes)
    rows = [(r.facet.title, r.model, r.p50_ms, r.relative, sorted(r.sessions)) for r in found.rows]
    return [*rows, len(found.problems), found.volumes]


def timed(home: Home) -> list[Path]:
    """The sessions in turns, without the memory passes."""
    paths = sorted(home.results.glob("*/*.json"))
    return [path for path in paths if (run := read_session(path).run) and run.series.bursts]


def slowed(home: Home) -> None:
    """One session of twice the time takes the place of another, as a file restored from a copy."""
    path = timed(home)[1]
    session = read_session(path)
    assert session.run is not None
    bursts = session.run.series.bursts or ()
    twice = tuple(
        burst.model_copy(
            update={
                "wall_ns": tuple(2 * ns for ns in burst.wall_ns),
                "cpu_ns": tuple(2 * ns for ns in burst.cpu_ns or ()),
            }
        )
        for burst in bursts
    )
    series = session.run.series.model_copy(update={"bursts": twice})
    run = session.run.model_copy(update={"series": series})
    path.write_text(session.model_copy(update={"run": run}).model_dump_json())


def removed(home: Home) -> None:
    """A pass then lacks a file, and the others' places among themselves change."""
    timed(home)[2].unlink()


def torn(home: Home) -> None:
    """It is reported as a problem, every time."""
    timed(home)[3].write_text("{")


def indices(home: Home) -> list[Path]:
    """One in each device's folder."""
    found = sorted(home.results.glob(f"*/{NAME}"))
    assert found
    return found


def no_index_at_all(home: Home) -> None:
    for path in indices(home):
        path.write_bytes(b"not a table" * 1000)


def cut_short(home: Home) -> None:
    for path in indices(home):
        path.write_bytes(path.read_bytes()[:-100])


def of_other_code(home: Home) -> None:
    """An index that another version wrote may mean other things by the same columns."""
    for path in indices(home):
        table = pq.read_table(path)
        wrong = pa.array([1.0] * len(table))
        table = table.set_column(table.column_names.index("median_ms"), "median_ms", wrong)
        pq.write_table(table.replace_schema_metadata({"code": "another"}), path)


@pytest.mark.parametrize(
    "change",
    [None, slowed, removed, torn, no_index_at_all, cut_short, of_other_code],
    ids=lambda change: change.__name__ if change else "none",
)
def test_a_report_by_the_index_is_that_of_the_sessions(
    kept: Home, tmp_path: Path, change: Callable[[Home], None] | None
) -> None:
    before = figures(kept)
    if change:
        change(kept)
    shutil.copytree(kept.root, tmp_path / "fresh", ignore=shutil.ignore_patterns(NAME))
    truth = figures(Home(root=tmp_path / "fresh"))
    assert figures(kept) == truth
    assert figures(kept) == truth
    assert (truth != before) is (change in (slowed, removed, torn))


def test_only_what_changed_is_read_again(kept: Home) -> None:
    """Of a store of very many, a report after one more session is as quick as the one before."""
    path = timed(kept)[1]
    before = {index: index.stat().st_mtime_ns for index in indices(kept)}
    slowed(kept)
    figures(kept)
    changed = [index.parent for index in indices(kept) if index.stat().st_mtime_ns != before[index]]
    assert changed == [path.parent]


def test_verify_reads_every_session_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index has wrong figures under the right names, as a faulty disk would leave it."""
    home = Home(root=tmp_path)
    made.store(home, [made.device()], made.SPECS[:2], sessions=6)
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    truth = figures(home)
    [path] = indices(home)
    table = pq.read_table(path)
    doubled = pa.array([2 * ms for ms in table["median_ms"].to_pylist()])
    place = table.column_names.index("median_ms")
    pq.write_table(table.set_column(place, "median_ms", doubled), path)
    assert figures(home) != truth
    wrong = invoke("report").output
    told = invoke("report", "--verify").output
    assert "12 sessions were read again, 12 were not as the index had them" in told
    assert figures(home) == truth
    # The report of before is not taken for one of today, though no session has changed.
    assert invoke("report").output != wrong
    assert "all are as the index has them" in invoke("report", "--verify").output


def test_passes_whose_files_lie_in_two_folders_are_joined_again(kept: Home, tmp_path: Path) -> None:
    """What was kept in either folder is of its own sessions alone."""
    whole = {row.model: row.relative for row in load(kept).rows if row.model in ("m1", "m2")}
    parts = [Home(root=tmp_path / name) for name in ("one", "two")]
    for path in kept.results.glob("*/*.json"):
        part = parts[read_session(path).request.model == "m0"]
        target = part.results / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for part in parts:
        figures(part)
    joined = {row.model: row.relative for row in load(*parts).rows if row.model in whole}
    for model, ratio in whole.items():
        assert ratio is not None
        assert ratio.low is not None
        found = joined[model]
        assert found is not None
        assert (found.value, found.low) == pytest.approx((ratio.value, ratio.low), rel=1e-9)


def test_a_folder_that_can_not_be_written_is_reported_all_the_same(kept: Home) -> None:
    truth = figures(kept)
    for path in indices(kept):
        path.unlink()
        path.mkdir()
    assert figures(kept) == truth


def test_a_report_of_which_nothing_changed_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But whenever a session or a file of the report is another."""
    home = Home(root=tmp_path)
    made.store(home, [made.device()], made.SPECS[:1], sessions=7)
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    page = home.report / "index.html"

    def written_anew() -> bool:
        before = page.stat().st_mtime_ns if page.is_file() else 0
        assert "index.html" in invoke("report").output
        return page.stat().st_mtime_ns != before

    assert [written_anew(), written_anew()] == [True, False]
    next(home.results.glob("*/*.json")).unlink()
    assert [written_anew(), written_anew()] == [True, False]
    (home.report / "table.md").unlink()
    assert [written_anew(), written_anew()] == [True, False]
