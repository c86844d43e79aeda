"""Three real engines, opened at an address and left alone, as a phone that has scanned a code."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from browser import missed, needed

from devices.browser.site import why_not_built
from train.proof.expect import SEED
from train.synthetic.scene import portrait

# Debian's; a phone's viewport where the engine takes one.
MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"
CHROMIUM = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=390,844",
)
# WebGPU in software: it shows that the road works, and is no measure.
SOFTWARE_GPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
ENGINES = {"chromium": "Blink", "firefox": "Gecko", "webkit": "WebKit"}


def engine_is_here(engine: str) -> None:
    """Skips, or fails, with what is missing."""
    programs = {
        "chromium": ("chromium",),
        "firefox": ("firefox-esr",),
        "webkit": (MINI_BROWSER, "xvfb-run"),
    }
    needed(*programs[engine])
    page_is_built()


def page_is_built() -> None:
    """For tests whose command serves it; skips, or fails, where it is not."""
    if reason := why_not_built():
        missed(f"{reason} (make web): not tried in a browser")


@contextmanager
def opened(engine: str, link: str, profile: Path, *more: str) -> Iterator[None]:
    """The engine at this address until the end of the block, with a profile of its own."""
    commands = {
        "chromium": [*CHROMIUM, *more, f"--user-data-dir={profile}", link],
        "firefox": ["firefox-esr", "--headless", "--new-instance", "--profile", str(profile), link],
        "webkit": ["xvfb-run", "--auto-servernum", MINI_BROWSER, *more, link],
    }
    profile.mkdir(exist_ok=True)
    process = subprocess.Popen(
        commands[engine],
        env=_environment(profile),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def _environment(home: Path) -> Mapping[str, str]:
    # WebKit keeps its profile below the home folder, and would not run as root by itself.
    return os.environ | {
        "HOME": str(home),
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }


def link_of(process: subprocess.Popen[str]) -> str:
    """The address that a command shows, with its token."""
    assert process.stdout
    return next(m[1] for line in process.stdout if (m := re.match(r"open (http\S+)", line)))


def fake_camera(film: Path) -> tuple[str, ...]:
    """Flags for a camera that plays this film: a portrait that is drawn, and moves for a second."""
    picture = portrait(SEED, 4)[0].resize((480, 480))
    with film.open("wb") as file:
        for step in range(30):
            jpeg = io.BytesIO()
            picture.crop((-80 - step % 15, 0, 560 - step % 15, 480)).save(jpeg, "JPEG", quality=90)
            file.write(jpeg.getvalue())
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
