"""A real browser without a window, that says whatever it was asked to fetch."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
UNHIDDEN = (
    "disable-background-timer-throttling",
    "disable-backgrounding-occluded-windows",
    "disable-renderer-backgrounding",
)
WHERE_SHOTS_GO = "BENCH_SCREENSHOTS"


class Page:
    """A report opened from disk."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, path: Path, view: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"file://{quote(str(path))}#{view}")
        self.drawn()

    def drawn(self) -> None:
        """Wait until the charts stand as the address says."""
        script = """
            const drawn = document.documentElement.getAttribute('data-drawn');
            return drawn === location.hash || !document.getElementById('controls');
        """
        WebDriverWait(self.driver, 30).until(lambda d: d.execute_script(script))

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def dark(self, on: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def paper(self, on: bool) -> None:
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print" if on else ""})

    def scripts(self, on: bool) -> None:
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def every(self, selector: str) -> list[WebElement]:
        return [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def set(self, selector: str, value: str) -> None:
        """As typed over whatever is there."""
        field = self.find(selector)
        field.clear()
        field.send_keys(value)
        self.drawn()

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def picture(self, name: str) -> None:
        """Kept where BENCH_SCREENSHOTS says, for a person to look at."""
        if folder := os.environ.get(WHERE_SHOTS_GO):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def asked(self) -> list[str]:
        """Addresses that were requested since the last time, the page's own file left out."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                url = message["params"].get("request", message["params"])["url"]
                if not url.startswith(("data:", "about:")) and not url.endswith("index.html"):
                    found.append(url)
        return [url for url in found if "index.html#" not in url]

    def complaints(self) -> list[str]:
        """What stands in the console since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


def needed(*programs: str) -> None:
    """Skips with the reason where one is missing; fails where BENCH_NEEDS_BROWSER is set."""
    missing = [name for name in programs if shutil.which(name) is None and not Path(name).exists()]
    if missing:
        missed(f"no {' and '.join(missing)} here: not tried in that browser")


def missed(reason: str) -> NoReturn:
    """What was not tried."""
    if os.environ.get("BENCH_NEEDS_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium(*more: str) -> Iterator[Page]:
    """more: arguments. Skips with the reason where there is none; fails where BENCH_NEEDS_BROWSER
    is set."""
    needed("chromium", "chromedriver")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program
    options = ChromeOptions()
    options.binary_location = program
    for argument in (*ARGUMENTS, *more):
        options.add_argument(argument)
    # With these, which the driver adds by itself, a hidden page is as quick as one that is seen.
    options.add_experimental_option("excludeSwitches", [*UNHIDDEN])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = Chrome(options=options, service=ChromeService(driver))
    try:
        yield Page(started)
    finally:
        started.quit()
