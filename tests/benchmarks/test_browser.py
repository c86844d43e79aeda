"""The page in Chromium: its bias against a bare script of the runtime, and how soon it tells.

BENCH_SELF_PAIRS: turns of both at most (200). BENCH_SELF_HOME: a home with TFLite files in fp32 and
0.35/128 in int8.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from browser import Page, chromium, missed
from commands import bench_process, running
from engines import engine_is_here, fake_camera, link_of, opened
from exported import exported_home, work_of
from file_server import running as serving_files
from pages import served
from selenium.webdriver.support.wait import WebDriverWait
from self_figures import Figure

from bench.statistics.ratios import Ratio, ratio_over_passes
from bench.warming import warm_up_together
from devices.browser.site import FOLDER
from devices.records import Loop, Turns
from zoo.home import Home
from zoo.registry import select

PACKAGES = FOLDER.with_name("page") / "node_modules"
SMALLEST, MODEL = "mnv2_slim_unet_0.35_128", "mnv2_slim_unet_0.5_224"
PAIRS = int(os.environ.get("BENCH_SELF_PAIRS", "200"))
# Turns of a fresh pair of pages. The first inferences of a turn find another one's caches.
TURNS, DROPPED, COUNT = 20, 2, 6
FEWEST, WITHIN, BIAS_PERCENT = 6, 0.01, 2.0
WARM_S = 4.0
LOOP = Loop(turns=Turns(discard_ms=20, sample_ms=60, limit_ms=1000), warm_s=WARM_S)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    engine_is_here("chromium")
    names = [spec.name for spec in select(["mnv2_slim_unet_*"])]
    return exported_home(tmp_path_factory, names, ["tflite"], ["fp32"])


def test_the_page_is_as_quick_as_the_runtime_alone(
    home: Home, figure: Figure, tmp_path: Path
) -> None:
    logs: list[float] = []
    found: Ratio | None = None
    while len(logs) * TURNS < PAIRS and not (
        found and found.half_width is not None and found.half_width <= WITHIN
    ):
        logs.append(log_ratio(home, tmp_path, len(logs)))
        found = ratio_over_passes(logs) if len(logs) >= FEWEST else None
    ratio = ratio_over_passes(logs)
    sides = [100 * (side - 1) for side in (ratio.low, ratio.high) if side is not None]
    told = f"{sides[0]:+.2f} to {sides[1]:+.2f}" if sides else "unknown"
    figure(
        f"page over a bare script, {MODEL} fp32, {TURNS * len(logs)} pairs (95 %: {told} %)",
        100 * (ratio.value - 1),
        "%",
        at_least=-BIAS_PERCENT,
        at_most=BIAS_PERCENT,
    )


def log_ratio(home: Home, folder: Path, number: int) -> float:
    """Of the medians of turns of two fresh browsers, ours first in every second turn."""
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    with ExitStack() as held:
        samplers = {
            "ours": held.enter_context(our_page(home, folder)),
            "bare": held.enter_context(bare_page(home, folder)),
        }
        for turn in range(TURNS):
            order = list(samplers) if (turn + number) % 2 else list(samplers)[::-1]
            for side in order:
                taken[side].append(math.log(median(samplers[side]())))
    return float(median(our - its for our, its in zip(taken["ours"], taken["bare"], strict=True)))


Sampler = Callable[[], list[float]]


@contextmanager
def our_page(home: Home, folder: Path) -> Iterator[Sampler]:
    """By the very commands of a pass."""
    from devices.browser.server import Offered

    work = work_of(home, MODEL, "litert", 1)
    with served(home, folder, offered=Offered()) as here, chromium() as page:
        page.driver.get(f"{here.server.link()}&start")
        with here.device() as device, device.open_together([(work.request, work.artifact)]) as all_:
            (run,) = all_.runs
            assert not isinstance(run, Exception), run
            assert warm_up_together({0: run}, LOOP).settled is not None

            def take() -> list[float]:
                assert LOOP.turns
                burst = run.burst(LOOP.turns, 0, 0)
                return [float(ns) for ns in burst.wall_ns[burst.discarded :]]

            yield take


@contextmanager
def bare_page(home: Home, folder: Path) -> Iterator[Sampler]:
    work = work_of(home, MODEL, "litert", 1)
    site = Path(tempfile.mkdtemp(dir=folder))
    bundle(site)
    (site / "litert").symlink_to(PACKAGES / "@litertjs/core/wasm")
    (site / "model.tflite").write_bytes(work.artifact.read_bytes())
    (site / "index.html").write_text("<!doctype html><script src='bare.js'></script>")
    handler = partial(Isolated, directory=str(site))
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        serving_files(server),
        chromium() as page,
    ):
        page.driver.set_script_timeout(120)
        page.driver.get(f"http://127.0.0.1:{server.server_port}/index.html")
        ask(page, f"prepare('/litert/', '/model.tflite', {work.request.size})")
        began = time.monotonic()
        while time.monotonic() - began < WARM_S:
            ask(page, "take(30)")
        yield lambda: ask(page, f"take({DROPPED + COUNT})")[DROPPED:]


class Isolated(SimpleHTTPRequestHandler):
    """With the headers that give a page the same fine clock."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def bundle(site: Path) -> None:
    source = Path(__file__).with_name("bare.js")
    if not (PACKAGES / ".bin" / "esbuild").exists():
        missed("no esbuild (make web): the bare script cannot be built")
    esbuild = str(PACKAGES / ".bin" / "esbuild")
    command = [esbuild, str(source), "--bundle", "--log-level=error", f"--outfile={site}/bare.js"]
    subprocess.run(command, check=True, env=os.environ | {"NODE_PATH": str(PACKAGES)})


def ask(page: Page, call: str) -> Any:
    """What an asynchronous function of the page gives."""
    script = f"const done = arguments[0]; {call}.then(done, (e) => done(String(e)))"
    found = page.driver.execute_async_script(script)
    assert not isinstance(found, str), found
    return found


def test_how_soon_it_tells(home: Home, figure: Figure, tmp_path: Path) -> None:
    words = ("run", "--device", "browser", "--model", SMALLEST, "--sessions", "2")
    first = seconds_until(home, tmp_path, words, r"pass 1:")
    figure(f"first figure after the page is opened, {SMALLEST}", first, "s", at_most=15)


def test_how_soon_it_tells_of_all(home: Home, figure: Figure, tmp_path: Path) -> None:
    words = ("run", "--device", "browser", "--model", "mnv2_slim_unet_*", "--time-limit", "600")
    times: dict[str, float] = {}
    whole = seconds_until(home, tmp_path, words, r"next: bench report", times)
    figure("first figures of 16 files", times["pass 1:"], "s", at_most=300)
    figure("intervals of 16 files: six passes", times["pass 6:"], "s", at_most=900)
    figure("intervals of 16 files to 2 %, or ten minutes", whole, "s", at_most=900)


def seconds_until(
    home: Home,
    folder: Path,
    words: tuple[str, ...],
    end: str,
    times: dict[str, float] | None = None,
) -> float:
    """From the page's opening until a line begins so; the others' times go into `times`."""
    with running(bench_process(home, *words)) as process:
        assert process.stdout
        link = link_of(process)
        began = time.monotonic()
        with opened("chromium", f"{link}&start", folder / "profile"):
            for line in process.stdout:
                print(f"{time.monotonic() - began:6.1f} {line}", end="")
                if times is not None and (told := re.match(r"pass \d+:", line)):
                    times[told[0]] = time.monotonic() - began
                if re.match(end, line):
                    took = time.monotonic() - began
        assert process.wait() == 0
    return took


def test_the_demo_s_frames(home: Home, figure: Figure, tmp_path: Path) -> None:
    """0.35/128 in int8 on a film of 640x480."""
    flags = fake_camera(tmp_path / "film.mjpeg")
    with running(bench_process(home, "demo")) as process, chromium(*flags) as page:
        assert process.stdout
        link = link_of(process)
        page.driver.get(link)
        frames = "return Number(document.querySelector('[data-frames]')?.dataset.frames || 0)"
        WebDriverWait(page.driver, 60).until(lambda _: page.run(frames) >= 1)
        page.run("document.querySelector('.demo-start').click()")
        WebDriverWait(page.driver, 60).until(lambda _: page.run(frames) >= 60)
        shown = page.text(".demo-stage")
        fps = float(page.run("return document.querySelector('[data-fps]').dataset.fps"))
        print(shown)
        model = re.search(r"mnv2_\S+ \S+", shown)
        assert model
        stages = [
            f"{stage} {found[1]}"
            for stage in ("shrink", "infer", "paint")
            if (found := re.search(rf"{stage} ms\s+([\d.]+)", shown))
        ]
        name = f"demo, {model[0]}, 640x480; ms: {', '.join(stages)}"
        figure(name, fps, "frames/s", at_least=25)
        process.terminate()
