"""What is changed on a phone while it is measured, and put back: after Ctrl-C as well.

What stood there before is written down on the phone first, so that even a computer that dies in
between leaves it to the next run to put back.
"""

from __future__ import annotations

import re

from devices.android.client import Adb, quoted

# Bits of AC, USB, wireless and dock: the screen stays on while it is plugged in.
AWAKE = "15"
_NAME = "stay_on_while_plugged_in"
_GET, _PUT = f"settings get global {_NAME}", f"settings put global {_NAME}"
FIXED_PERFORMANCE = "cmd power set-fixed-performance-mode-enabled"


def _note(root: str) -> str:
    return f"{root}/before"


def change(adb: Adb, root: str, fixed_performance: bool) -> None:
    """Keep it awake; with fixed_performance its clocks steady, where it has such a mode (Android
    11 and later, some phones). Raises DeviceError."""
    note = _note(root)
    wake = f"[ -e {note} ] || {_GET} >{note}; {_PUT} {AWAKE}; input keyevent KEYCODE_WAKEUP"
    fixed = f"; {FIXED_PERFORMANCE} true; touch {note}.fixed" if fixed_performance else ""
    adb.shell(wake + fixed)


def restore(adb: Adb, root: str) -> None:
    """Put back what a note on the phone says, if there is one. Raises DeviceError."""
    note = _note(root)
    found = adb.shell(f"cat {note} 2>/dev/null; [ -e {note}.fixed ] && echo fixed").out.split()
    commands = []
    if found and re.fullmatch(r"\d{1,2}|null", found[0]):
        back = "delete" if found[0] == "null" else "put"
        value = [] if found[0] == "null" else [found[0]]
        commands.append(quoted(["settings", back, "global", _NAME, *value]))
    if "fixed" in found:
        commands.append(f"{FIXED_PERFORMANCE} false")
    if commands:
        adb.shell("; ".join([*commands, f"rm -f {note} {note}.fixed"]))
