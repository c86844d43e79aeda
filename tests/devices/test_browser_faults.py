"""What phones and networks do wrong to a page: noticed, told, gone on from, and never a figure."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from commands import TINY, Chain, bench_process, invoke, running
from engines import link_of, page_is_built
from own_models import Segmenter, write_free_shape, write_log
from pages import PLAN, Served, served
from recorded import request

from bench.protocol import measure
from bench.sessions.record import Plan, Session
from bench.statistics.verdict import verdict
from bench.work.find import find
from bench.work.subject import Subject
from devices.browser.checks import largest_difference
from devices.browser.inputs import Expected
from devices.browser.messages import Output
from devices.browser.pages import Page
from devices.emulated.page import EmulatedPage
from devices.records import AS_GIVEN, INFINITE_VALUES, Loop
from reports.load import load
from zoo.base.errors import DeviceError, SessionFailed
from zoo.home import Home


@pytest.fixture
def here(in_chain: Chain, tmp_path: Path) -> Iterator[Served]:
    with served(in_chain.home, tmp_path) as found:
        yield found


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is given up sooner than people would."""
    monkeypatch.setattr("devices.browser.pages.SILENCE_S", 1.5)
    monkeypatch.setattr("devices.browser.tab.RETURNS_S", 1.0)


WRONG = {
    "apart": "all samples of a turn are set apart",
    "column": "last inference: values differ",
    "garbage": "last inference: values differ",
    "gpu": "the GPU took part",
    "impossible": "samples of",
    "malformed": "no such answer",
}


def one(sessions: list[Session]) -> Session:
    (session,) = sessions
    return session


def test_a_page_is_measured_by_both_runtimes_in_turns(here: Served) -> None:
    page = here.page()
    with here.device() as device:
        sessions = here.measured(device, TINY, ("litert", "onnxruntime"))
    assert {s.request.runtime for s in sessions} == {"litert", "onnxruntime"}
    for session in sessions:
        assert session.run is not None, session.failure
        assert session.device.kind == "browser"
        assert session.run.series.bursts is not None
        assert len(session.run.series.bursts) == 6
        # The page's device asks for a warm-up; this plan does not.
        assert verdict(session).counts
        before = session.run.conditions_before
        difference = before["mask_difference"].value
        assert isinstance(difference, float)
        assert difference <= 1e-5
        assert before["pixels_unlike_torch"].value == 0.0
    page.wait()
    assert page.over == "Measuring has ended. Thank you."
    assert page.line.refused == []


def test_an_engine_that_compiles_runs_for_a_while_first(here: Served) -> None:
    here.page()
    plan = PLAN.model_copy(update={"loop": PLAN.loop.model_copy(update={"warm_s": 0.3})})
    with here.device() as device:
        session = one(here.measured(device, TINY, plan=plan))
    assert session.run
    warmup = session.run.series.warmup_ns
    assert sum(warmup) >= 0.3e9
    assert len(warmup) >= 30


def test_a_first_inference_that_compiles_was_not_timed_many_times(here: Served) -> None:
    """By a coarse clock; its time was taken for that of all the others too, and refused."""
    here.page("coarse")
    with here.device() as device:
        session = one(here.measured(device, TINY))
    assert session.failure is None
    assert session.run is not None
    assert session.run.conditions_before["inferences_a_sample"].value == 20


@pytest.mark.parametrize("fault", [*WRONG])
def test_what_is_wrong_or_impossible_is_no_figure(here: Served, fault: str) -> None:
    """One column, and right at first but wrong ever after, among them."""
    here.page(fault)
    with here.device() as device:
        failure = one(here.measured(device, TINY)).failure
    assert failure is not None
    assert WRONG[fault] in failure.reason
    assert "<b>" not in failure.reason


@pytest.mark.parametrize("fault", ["lost", "replayed"])
def test_an_answer_that_is_lost_or_sent_twice_changes_nothing(here: Served, fault: str) -> None:
    page = here.page(fault)
    with here.device() as device:
        session = one(here.measured(device, TINY))
    assert session.run is not None
    assert len(session.run.series.bursts or ()) == 6
    page.wait()
    assert page.line.refused == []


def test_a_page_that_is_loaded_anew_goes_on(here: Served) -> None:
    # After whole rounds enough; but nobody can tell any more what the page ran in them.
    here.page("reloaded", after_turns=5)
    plan = PLAN.model_copy(update={"max_sessions": 3})
    with here.device() as device:
        (whole,) = here.measured(device, TINY, plan=plan)
    assert len((whole.run and whole.run.series.bursts) or ()) == 6
    assert verdict(whole).counts


def test_a_page_that_is_lost_before_the_last_check_is_measured_again(here: Served) -> None:
    here.page("late")
    with here.device() as device:
        found = here.measured(device, TINY, ("litert",), precisions=("fp32", "int8"))
    assert len(found) == 2
    for session in found:
        # Nobody broke the worker that both share.
        assert session.failure is None
        assert session.run is not None
        assert session.run.shared_by == 2
        assert verdict(session).counts


def test_a_worker_that_is_killed_breaks_its_pass_alone(here: Served) -> None:
    page = here.page("worker", after_turns=5)
    plan = PLAN.model_copy(update={"max_sessions": 4, "sessions": 2})
    with here.device() as device:
        found = here.measured(device, TINY, ("litert",), plan, precisions=("fp32", "int8"))
    broken, *later = found
    assert broken.failure is not None
    assert "did not answer" in broken.failure.reason
    # Of the other one nothing is kept: nobody can tell any more what it ran.
    assert len(later) == 4
    assert all(verdict(session).counts for session in later)
    assert page.line.refused == []


def test_a_page_that_is_closed_ends_the_run_with_what_to_do(here: Served, impatient: None) -> None:
    here.page("closed", after_turns=3)
    plan = PLAN.model_copy(update={"max_sessions": 3})
    with here.device() as device, pytest.raises(DeviceError) as caught:
        here.measured(device, TINY, plan=plan)
    assert caught.value.code == "page_gone"
    assert "--resume" in caught.value.remedy


def test_a_hidden_page_is_told_of(here: Served) -> None:
    here.page("hidden", after_turns=3)
    with here.device() as device:
        found = verdict(one(here.measured(device, TINY)))
    assert found.label == "disturbed"
    assert "hidden" in found.reason
    assert found.counts


def test_modes_with_a_time_line_of_their_own(here: Served) -> None:
    here.page()
    loop = Loop(mode="cadence", period_ms=20, max_samples=40, limit_s=1.0)
    with here.device() as device:
        session = one(here.measured(device, TINY, plan=Plan(loop=loop, sessions=1, memory=False)))
    assert session.run is not None, session.failure
    assert len(session.run.series.samples_ns or ()) == 40


def test_two_phones_at_once_are_two_devices(here: Served) -> None:
    found: list[Session] = []

    def measured() -> None:
        with here.device() as device:
            found.extend(here.measured(device, TINY))

    threads = [threading.Thread(target=measured) for _ in range(2)]
    for number, thread in enumerate(threads):
        here.page(name=f"phone {number}")
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len({session.device.key for session in found}) == 2
    assert all(session.run for session in found)


def test_the_server_s_end_is_told_to_the_page(in_chain: Chain, tmp_path: Path) -> None:
    with served(in_chain.home, tmp_path) as here:
        page = here.page()
        here.came.get(timeout=20)
    page.wait()
    assert page.over == "Measuring has ended."


def test_threads_are_for_isolated_pages(here: Served) -> None:
    here.page()
    with here.device() as device:
        page: Page = device.page
        page.joined = page.joined.model_copy(update={"isolated": False})
        request = one(here.measured(device, TINY)).request.model_copy(update={"threads": 2})
        with pytest.raises(DeviceError, match="2 threads"):
            device.open(request, Path("any"))


def test_an_imported_model_is_measured_and_named_in_the_report(drawn: Home, tmp_path: Path) -> None:
    page_is_built()
    # Large, so that the two seconds of its warm-up are hundreds of turns and not fifty thousand.
    name, file = "my_own", Segmenter(sides=(512, 512)).write(tmp_path / "theirs.onnx")
    invoke("import", str(file), "--name", name)
    invoke("eval", name, "--data", "drawn")
    words = ("run", "--device", "browser", "--model", name, "--sessions", "1", "--rounds", "4")
    with running(bench_process(drawn, *words)) as process:
        assert process.stdout
        EmulatedPage(link=f"{link_of(process)}&start").start()
        said = "".join(process.stdout)
        assert process.wait(timeout=120) == 0, said
    (row,) = load(drawn).rows
    assert (row.model, row.origin, row.facet.device.kind) == (name, "imported", "browser")
    assert row.joined.iou is not None
    assert row.joined.iou.value > 0.8
    assert name in invoke("report").output
    assert name in (drawn.report / "index.html").read_text()


def own_files(home: Home, tmp_path: Path, side: str) -> list[Session]:
    """Of two files of one's own, in one page: logarithms, and one whose side is told."""
    paths = [write_log(tmp_path / "log.onnx"), write_free_shape(tmp_path / "free.onnx")]
    site = tmp_path / "site"
    site.mkdir()
    with served(home, site) as here:
        page = here.page()
        with here.device() as device:
            work = [
                find(home, device, Subject(what=path, runtime="onnxruntime", inputs=inputs))
                for path, inputs in zip(paths, ((), (f"x=1x3x{side}",)), strict=True)
            ]
            sessions = list(measure(device, work, PLAN))
        page.wait()
        assert page.line.refused == []
    return sessions


def test_a_file_of_ones_own_is_judged_by_no_threshold(home: Home, tmp_path: Path) -> None:
    """Logarithms, of which some are minus infinity; and of a side that is told."""
    infinite = {}
    for session in own_files(home, tmp_path, "64x48"):
        assert session.run is not None, session.failure
        found = session.run.conditions_before.get(INFINITE_VALUES)
        infinite[session.request.model] = found and found.value
    assert infinite == {"log.onnx": 8, "free.onnx": None}


def test_a_file_whose_outputs_no_page_may_send_back_fails_alone(home: Home, tmp_path: Path) -> None:
    failures = {s.request.model: s.failure for s in own_files(home, tmp_path, "1024x512")}
    assert failures["log.onnx"] is None
    failure = failures["free.onnx"]
    assert failure is not None
    assert (failure.code, failure.stage) == ("too_large", "open")
    assert "6.3 MB" in failure.reason


@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_a_label_map_of_ones_own_is_compared_label_by_label(
    dtype: Literal["int32", "uint8"],
) -> None:
    """The person among twenty kinds of things, in a quarter of the picture."""
    labels = np.zeros((1, 64, 64), dtype)
    labels[:, 16:48, 16:48] = 15
    expected = Expected(inputs=(), outputs=[labels], torch="no torch model")
    asked = request("labels.onnx").model_copy(update={"size": None, "precision": AS_GIVEN})

    def difference(sent: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> float:
        text = base64.b64encode(sent.tobytes()).decode()
        output = Output(dtype=dtype, shape=list(sent.shape), base64=text)
        return largest_difference([output], expected, asked, "last")

    one_pixel = labels.copy()
    one_pixel[0, 16, 16] = 0
    assert difference(one_pixel) == pytest.approx(1 / 64**2)
    for wrong in (np.roll(labels, 1, axis=2), np.zeros_like(labels)):
        with pytest.raises(SessionFailed, match="whole numbers are others"):
            difference(wrong)
