"""The page opened on a phone that hangs on a cable: no code to scan, and no certificate.

On Android the phone's own localhost leads here, which is secure and isolated in its browser. On an
iPhone a cable opens the page, but its address is still the network's.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator

from devices.android.adb.client import SHORT_S, Adb, quoted
from devices.android.adb.discovery import choose
from zoo.base.errors import DeviceError

OPENER = "pymobiledevice3"


@contextlib.contextmanager
def opened_on_android(adb: Adb, port: int, link: str) -> Iterator[str]:
    """The page at `link`, by the phone's localhost, in the browser that it prefers; the phone's
    serial number. Raises DeviceError."""
    phone = Adb(program=adb.program, serial=choose(adb, adb.serial), environment=adb.environment)
    place = f"tcp:{port}"
    phone.expect(phone.call("reverse", place, place), "the phone's port could not be led here")
    try:
        # The phone's shell takes & apart: adb.shell hands one line on, so it is quoted for there.
        words = ["am", "start", "-a", "android.intent.action.VIEW", "-d", link]
        answer = phone.shell(quoted(words))
        if answer.status != 0 or "Error:" in answer.out + answer.err:
            raise DeviceError(
                "no browser on the phone opened the page",
                expected="an unlocked phone with a browser",
                remedy=f"type http://localhost:{port} there, with what stands behind # here",
                code="no_browser",
            )
        yield phone.serial or ""
    finally:
        with contextlib.suppress(DeviceError):
            phone.call("reverse", "--remove", place, deadline_s=SHORT_S)


def iphone_opener() -> str | None:
    """The program that opens pages on an iPhone by cable, where it is installed."""
    return shutil.which(OPENER)


@contextlib.contextmanager
def opened_on_iphone(link: str) -> Iterator[bool]:
    """The page in a tab of Safari for as long as the block; False where the program is not there.
    Never run on an iPhone: written by the program's own documents."""
    program = iphone_opener()
    if program is None:
        yield False
        return
    # It closes the tab when it ends, and ends when its standard input does.
    with subprocess.Popen(
        [program, "webinspector", "launch", link],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield True
        finally:
            process.kill()
