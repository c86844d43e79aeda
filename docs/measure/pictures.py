"""Pictures of the tool at work: the turns of a pass, and the page in a browser."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from browser import Page, chromium
from commands import bench_process, running
from engines import link_of
from PIL import Image
from selenium.webdriver.support.wait import WebDriverWait

from measure.record import DOCS
from measure.steps import exports
from measure.workshop import Workshop
from zoo.home import Home

MODELS = "0.35_128 0.35_160 0.35_192 0.5_128 0.5_160"
WIDTH, HEIGHT, GAP, GREY = 390, 844, 10, (187, 187, 187)
WAIT_S = 120
# So many results are on the page when it is pictured while it measures.
SHOWN = 4


def pictures(shop: Workshop) -> None:
    """Both. The page must be built."""
    exports(shop, "--format", "tflite")
    _pass_picture(shop, DOCS / "measured/pass.png")
    files = Home(root=shop.files)
    _side_by_side([*_measuring(files), *_recolouring(files)], DOCS / "measured/browser.png")


def _pass_picture(shop: Workshop, path: Path) -> None:
    """Of five files."""
    home = shop.beside(shop.files, "pass")
    chosen = [word for one in MODELS.split() for word in ("--model", f"mnv2_slim_unet_{one}")]
    few = ("--sessions", "1", "--max-sessions", "1")
    shop.bench(home, "run", *chosen, "--runtime", "litert", "--precision", "fp32", *few)
    newest = max(home.glob("results/*/*.json"), key=lambda session: session.name)
    shop.bench(home, "show", str(newest), "--pass", str(path))


def _measuring(home: Home) -> list[Image.Image]:
    """Before it begins, and while it measures."""
    served = ("serve", "--model", "mnv2_slim_unet_0.35_*")
    with _page(home, *served) as page:
        _until(page, lambda: page.every("#start button"))
        before = _shot(page)
        page.find("#start button").click()
        _until(page, lambda: len(page.every("#rows td:last-child")) >= SHOWN)
        return [before, _shot(page)]


def _recolouring(home: Home) -> list[Image.Image]:
    """A drawn portrait by day, and the next one by night."""
    with _page(home, "demo") as page:
        coverage = "return document.querySelector('[data-coverage]')?.dataset.coverage"
        _until(page, lambda: page.run(coverage))
        day = _shot(page)
        before = page.run(coverage)
        page.dark(True)
        page.find(".demo-swatch[title=Violet]").click()
        next(each for each in page.every("button") if each.text == "Next portrait").click()
        _until(page, lambda: page.run(coverage) not in (None, before))
        return [day, _shot(page)]


@contextmanager
def _page(home: Home, *words: str) -> Iterator[Page]:
    """What a command serves, on a phone's screen."""
    with ExitStack() as held:
        process = held.enter_context(running(bench_process(home, *words)))
        page = held.enter_context(chromium())
        page.size(WIDTH, HEIGHT)
        page.driver.get(link_of(process))
        yield page


def _until(page: Page, holds: Callable[[], object]) -> None:
    WebDriverWait(page.driver, WAIT_S).until(lambda _: holds())


def _shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")


def _side_by_side(shots: list[Image.Image], path: Path) -> None:
    """With a grey gap between each two."""
    whole = Image.new("RGB", (len(shots) * (WIDTH + GAP) - GAP, HEIGHT), GREY)
    for place, shot in enumerate(shots):
        whole.paste(shot, (place * (WIDTH + GAP), 0))
    whole.save(path, optimize=True)
