"""The whole road in real engines: the command, the page, its workers, both runtimes, the report."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest
from browser import Page, chromium
from commands import TINY, Chain, bench_process, invoke, running
from engines import ENGINES, SOFTWARE_GPU, engine_is_here, fake_camera, link_of, opened
from pages import served
from selenium.webdriver.support.wait import WebDriverWait

from bench.sessions.record import Session
from bench.sessions.store import read_all
from bench.statistics.verdict import verdict
from devices.browser.identity import info_of
from devices.browser.server import Offered
from devices.browser.site import FOLDER, find_site
from zoo.home import Home

RUN = ("run", "--device", "browser", "--model", TINY, "--sessions", "1", "--rounds", "4")
PAGE = FOLDER.with_name("page")
WAIT_S = 120


def measured(
    home: Home, engine: str, tmp_path: Path, *words: str, flags: Sequence[str] = ()
) -> tuple[Session, ...]:
    """What `bench run` stored of the page that this engine opened; the page starts by itself."""
    with running(bench_process(home, *RUN, *words, "--wait", "100")) as process:
        assert process.stdout
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if link := re.match(r"open (http\S+)", line):
                break
        assert link, said
        with opened(engine, f"{link[1]}&start", tmp_path / "profile", *flags):
            said += process.stdout
    assert process.returncode == 0, "".join(said)
    return read_all(home).sessions


@pytest.mark.parametrize("engine", ENGINES)
def test_both_runtimes_in_a_real_engine(elsewhere: Home, tmp_path: Path, engine: str) -> None:
    engine_is_here(engine)
    runtimes = ("--runtime", "litert", "--runtime", "onnxruntime")
    sessions = measured(elsewhere, engine, tmp_path, *runtimes)
    found = [s for s in sessions if s.device.kind == "browser"]
    assert {s.request.runtime for s in found} == {"litert", "onnxruntime"}
    # Each engine has code of its own.
    warm = [s.run.inferences_a_sample * sum(s.run.series.warmup_ns) for s in found if s.run]
    assert sum(warm) >= len(found) * 2e9
    for session in found:
        assert session.run is not None, session.failure
        assert session.device.cpu == f"{ENGINES[engine]}'s WebAssembly"
        assert verdict(session).counts
        # Which file of the runtime ran, by its hash.
        assert session.run.program_sha256 in find_site().files.values()
        difference = session.run.conditions_before["mask_difference"].value
        assert isinstance(difference, float)
        assert difference <= 1e-5
    expected = "no relaxed SIMD" if engine == "webkit" else "relaxed SIMD"
    assert {s.run.settings for s in found if s.run} == {expected, None}
    told = invoke("report", "--format", "markdown").output
    place = f"{found[0].device.name} ({ENGINES[engine]}'s WebAssembly)"
    assert f"{place}: litert LiteRT.js" in told
    assert f"{place}: onnxruntime onnxruntime-web" in told
    assert "not those of Core ML" in told
    assert "On " in invoke("pick", "--device", "browser", "--max-latency", "10s").output


def test_without_a_secure_page_the_clock_is_coarse_and_samples_are_longer(
    elsewhere: Home, tmp_path: Path
) -> None:
    """As on a phone by plain http: Chromium's clock ticks each 0.1 ms there."""
    engine_is_here("chromium")
    words = ("--address", "phone.test", "--plain")
    flags = ("--host-resolver-rules=MAP phone.test 127.0.0.1",)
    sessions = measured(elsewhere, "chromium", tmp_path, *words, flags=flags)
    (session,) = [s for s in sessions if s.device.kind == "browser"]
    assert session.run is not None, session.failure
    before = session.run.conditions_before
    assert before["isolated"].value == "false"
    assert session.run.settings == "relaxed SIMD, not isolated"
    step_us, together = before["clock_step_us"].value, before["inferences_a_sample"].value
    assert isinstance(step_us, int)
    assert isinstance(together, int)
    assert step_us >= 50
    # A sample is a hundred steps of the clock long. Inferences may have grown quicker within it.
    (*_, last) = session.run.series.bursts or ()
    assert median(last.wall_ns) * together >= 50 * step_us * 1000


def test_webgpu_is_proved_by_what_was_submitted(elsewhere: Home, tmp_path: Path) -> None:
    engine_is_here("chromium")
    words = ("--runtime", "litert-webgpu")
    sessions = measured(elsewhere, "chromium", tmp_path, *words, flags=SOFTWARE_GPU)
    (session,) = [s for s in sessions if s.device.kind == "browser"]
    assert session.run is not None, session.failure
    assert session.request.runtime == "litert-webgpu"
    # A GPU made of software is never pooled with a real one.
    assert session.run.fallback == "a GPU made of software"
    assert session.run.conditions_before["read_back_share"].value


@pytest.mark.parametrize("what", ["loaded anew", "hidden"])
def test_what_a_person_does_meanwhile_is_noticed(elsewhere: Home, what: str) -> None:
    engine_is_here("chromium")
    words = ("run", "--device", "browser", "--model", TINY, "--rounds", "40")
    command = bench_process(elsewhere, *words, "--sessions", "4", "--max-sessions", "8")
    with running(command) as process, chromium() as page:
        assert process.stdout
        link = link_of(process)
        page.driver.get(f"{link}&start")
        said = [next(line for line in process.stdout if line.startswith("pass 1"))]
        # It is told when the second pass is done; the third is at its warm-up or its turns then.
        time.sleep(3)
        if what == "hidden":
            page.driver.switch_to.new_window("tab")
        else:
            page.driver.refresh()
        said += process.stdout
        assert process.wait(timeout=60) == 0, "".join(said)
    found = [s for s in read_all(elsewhere).sessions if s.device.kind == "browser"]
    counted = [verdict(s) for s in found if verdict(s).counts]
    assert len(counted) >= 4
    if what == "hidden":
        assert any("hidden" in one.reason for one in counted)


def test_another_kind_of_device_is_told_so(in_chain: Chain, tmp_path: Path) -> None:
    engine_is_here("chromium")
    words = (*RUN[:2], "iphone", *RUN[3:], "--address", "127.0.0.1", "--plain", "--wait", "12")
    with chromium() as page, running(bench_process(in_chain.home, *words)) as process:
        assert process.stdout
        link = link_of(process)
        page.driver.get(f"{link}&start")
        told = "This address is for an iPhone or iPad. This browser is on Linux."
        WebDriverWait(page.driver, 10).until(lambda _: told in page.text("#status"))
        assert "no page came within 12 s" in process.stdout.read()
    assert process.returncode == 1


def test_a_browser_keeps_its_name_from_one_server_to_the_next(home: Home, tmp_path: Path) -> None:
    engine_is_here("chromium")
    with chromium() as page:
        with served(home, tmp_path, offered=Offered()) as here:
            page.driver.get(here.server.link())
            waiting = WebDriverWait(page.driver, 30)
            # Which the page writes, folded, once it listens.
            listens = "return document.querySelectorAll('#told dt').length"
            waiting.until(lambda _: page.run(listens))
            page.find("#name").send_keys("Mei's; Pfü")
            page.find("#start button").click()
            first = here.came.get(timeout=10)
            first.end("It is over.")
            waiting.until(lambda _: page.text("#status") == "It is over.")
            page.driver.refresh()
            waiting.until(lambda _: page.run(listens))
            page.find("#start button").click()
            again = here.came.get(timeout=10)
        # Another port, of the same address.
        with served(home, tmp_path, offered=Offered()) as here:
            page.driver.get(here.server.link("start"))
            found = {info_of(one.joined) for one in (first, again, here.came.get(timeout=10))}
    (known,) = found
    assert known.name.startswith("Mei's; Pfü, ")


def test_hair_is_recoloured_live(home: Home, shipped: Home, tmp_path: Path) -> None:
    """By the package's weights: the chain's are trained for a moment."""
    engine_is_here("chromium")
    shutil.copytree(shipped.root, home.root, dirs_exist_ok=True)
    flags = fake_camera(tmp_path / "film.mjpeg")
    with running(bench_process(home, "demo")) as process, chromium(*flags) as page:
        assert process.stdout
        link = link_of(process)
        page.size(390, 844)
        page.driver.get(link)
        # A portrait that is drawn stands there by itself.
        drawn = WebDriverWait(page.driver, WAIT_S).until(lambda _: page.run(COVERAGE))
        assert 0.05 < float(drawn) < 0.7
        page.picture("demo-portrait")
        page.run("document.querySelector('.demo-start').click()")
        WebDriverWait(page.driver, WAIT_S).until(lambda _: float(page.run(FRAMES) or 0) >= 10)
        assert float(page.run("return document.querySelector('[data-fps]').dataset.fps")) > 0
        page.picture("demo-camera")
        assert recoloured(page) > 0.05
        assert [line for line in page.complaints() if "Content Security" in line] == []
        assert all(url.startswith(link.partition("#")[0]) for url in outward(page))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


COVERAGE = "return document.querySelector('[data-coverage]')?.dataset.coverage"
FRAMES = "return document.querySelector('[data-frames]')?.dataset.frames"
PIXELS = """
const canvas = document.getElementById('demo-canvas');
const found = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
let blue = 0;
for (let at = 0; at < found.length; at += 4) blue += found[at + 2] > found[at] + 40;
return 4 * blue / found.length;
"""


def recoloured(page: Page) -> float:
    """By how much of the frame more is blue than in the picture as the camera gives it."""
    coloured = float(page.run(PIXELS))
    page.run("document.querySelector('.demo-original').click()")
    time.sleep(1)
    return coloured - float(page.run(PIXELS))


def outward(page: Page) -> list[str]:
    """What the page fetched, blobs of its own left out."""
    return [url for url in page.asked() if not url.startswith("blob:")]


def test_the_page_is_small_and_its_lock_names_no_registry() -> None:
    assert "resolved" not in (PAGE / "package-lock.json").read_text()
    assert "http" not in json.dumps(json.loads((PAGE / "package-lock.json").read_text()))
    engine_is_here("chromium")
    first = ["index.html", "page.js", "style.css", "worker.js", "engine-litert.js"]
    runtime = ["litert/litert_wasm_internal.js", "litert/litert_wasm_internal.wasm"]
    assert find_site().wire_bytes([*first, *runtime]) <= 3e6
