"""What is changed on a phone while it is measured, and put back: after Ctrl-C as well.

What stood there before is written down on the phone first, so that even a computer that dies in
between leaves it to the next run to put back.
"""

from __future__ import annotations

from devices.android.adb.client import Adb
from devices.android.adb.storage import ROOT
from zoo.base.errors import DeviceError
from zoo.base.pictures import shown

# Bits of AC, USB, wireless and dock: the screen stays on while it is plugged in.
AWAKE = "15"
_NAME = "stay_on_while_plugged_in"
_GET, _PUT = f"settings get global {_NAME}", f"settings put global {_NAME}"
FIXED_PERFORMANCE = "cmd power set-fixed-performance-mode-enabled"


_NOTE = f"{ROOT}/before"
# For the phone's shell: put back what the note says, if there is one.
RESTORE = f"""
before=$(cat {_NOTE} 2>/dev/null)
case $before in
null) settings delete global {_NAME} ;;
[0-9]|[0-9][0-9]) settings put global {_NAME} $before ;;
esac
if [ -e {_NOTE}.fixed ]; then {FIXED_PERFORMANCE} false; fi
rm -f {_NOTE} {_NOTE}.fixed
"""


def change(adb: Adb, fixed_performance: bool) -> None:
    """Keep it awake; with fixed_performance its clocks steady (Android 11 and later, some phones).
    Raises DeviceError, also where the phone has no such mode."""
    adb.shell(f"[ -e {_NOTE} ] || {_GET} >{_NOTE}; {_PUT} {AWAKE}; input keyevent KEYCODE_WAKEUP")
    if not fixed_performance:
        return
    answer = adb.shell(f"touch {_NOTE}.fixed; {FIXED_PERFORMANCE} true 2>&1")
    if answer.status or "fail" in answer.out.lower():
        raise DeviceError(
            "the phone does not take --fixed-performance: "
            f"{shown(answer.out.strip()) or f'status {answer.status}'}",
            code="unsupported",
            expected="Android 11 or later, and a phone that has such a mode",
            remedy="leave --fixed-performance out",
        )
