"""The roads to a measurement from here: what each needs, what is found, what mends the rest."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from devices.android.adb.client import ADB_VARIABLE, adb_names
from devices.browser.site import why_not_built
from devices.find import find_device
from devices.finding import Finding
from devices.programs import Machine, ask
from zoo.runtime.runtime import RUNTIMES

PLATFORMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program by its names, how to ask its version, and how it is installed."""

    need: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    pattern: str
    apt: str
    brew: str
    page: str

    def look(self, road: str, machine: Machine, absent: str = "not on PATH") -> Finding:
        """Found and answering, found and broken, or `absent`."""
        path = machine.find(self.names)
        if path is None:
            return Finding(
                road=road, need=self.need, ok=False, found=absent, remedy=self._install(machine)
            )
        answer = ask(machine, [path, *self.arguments], self.pattern)
        ok = answer.said is not None
        found = f"{answer.said}, {path}" if ok else answer.problem
        return Finding(road=road, need=self.need, ok=ok, found=found, remedy=answer.remedy or None)

    def _install(self, machine: Machine) -> str:
        if machine.system == "darwin":
            return f"brew install {self.brew}"
        if machine.find(["apt"]):
            return f"sudo apt install {self.apt}"
        return f"install it from {self.page}"


ADB = Program(
    need="adb",
    names=("adb",),
    arguments=("version",),
    pattern=r"^Version (\S+)",
    apt="adb",
    brew="android-platform-tools",
    page="developer.android.com/tools/releases/platform-tools",
)
CHROMIUM = Program(
    need="Chromium",
    names=(
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ),
    arguments=("--version",),
    pattern=r"^(?:Chromium|Google Chrome)\D* (\d\S+)",
    apt="chromium",
    brew="--cask google-chrome",
    page="www.google.com/chrome",
)
NODE = Program(
    need="Node",
    names=("node",),
    arguments=("--version",),
    pattern=r"^v(\d\S*)",
    apt="nodejs",
    brew="node",
    page="nodejs.org",
)


def host() -> list[Finding]:
    """The runtimes of this machine. Imports none of them."""
    device = find_device("host")
    return [
        _missing_runtime(name, reason)
        if reason
        else Finding(road="host", need=name, ok=True, found=device.runtime_version(name))
        for name, reason in device.runtimes().items()
    ]


def _missing_runtime(name: str, reason: str) -> Finding:
    runtime = RUNTIMES[name]
    if runtime.format == "coreml" and sys.platform != "darwin":
        return Finding(
            road="host", need=name, ok=None, found=reason, remedy="on a Mac: bench doctor"
        )
    found = reason if runtime.default else f"{reason} (optional)"
    return Finding(road="host", need=name, ok=False, found=found, remedy=runtime.remedy)


def android(machine: Machine) -> list[Finding]:
    """adb, as `find_adb` looks for it. Its server is not started and no phone is asked."""
    program = replace(ADB, names=tuple(adb_names(machine)))
    if said := machine.environment.get(ADB_VARIABLE):
        absent = f"not {said} ({ADB_VARIABLE})"
    elif sdk := machine.environment.get("ANDROID_HOME"):
        absent = f"not on PATH, nor in {sdk}/platform-tools (ANDROID_HOME)"
    else:
        absent = "not on PATH, and ANDROID_HOME is not set"
    return [program.look("android", machine, absent), _page("android")]


def iphone(machine: Machine) -> list[Finding]:
    """Xcode and its devicectl. Never run on a Mac: none was at hand."""
    cable = Finding(
        road="iphone",
        need="Core ML",
        ok=None,
        found="cannot be measured: the road by cable is not built",
    )
    if machine.system != "darwin":
        here = PLATFORMS.get(machine.system, machine.system)
        found = f"this is {here}; an iPhone is driven by Xcode's devicectl, on macOS only"
        remedy = "on a Mac with Xcode: bench doctor"
        macos = Finding(road="iphone", need="macOS", ok=None, found=found, remedy=remedy)
        return [_page("iphone"), _opener(), macos, cable]
    macos = Finding(road="iphone", need="macOS", ok=True, found="this is macOS")
    return [_page("iphone"), _opener(), macos, *_xcode(machine), cable]


def browser(machine: Machine) -> list[Finding]:
    """A browser that can run without a window, and Node, asked side by side."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda program: program.look("browser", machine), (CHROMIUM, NODE))
        return [*found, _page("browser")]


def _xcode(machine: Machine) -> list[Finding]:
    remedy = "install Xcode from the App Store, then: sudo xcode-select -s /Applications/Xcode.app"
    # Asked first: without any developer tools, xcodebuild and xcrun open a window that asks.
    chosen = ask(machine, ["xcode-select", "-p"], r"^(/.*)$")
    if chosen.said is None or chosen.said.endswith("CommandLineTools"):
        found = chosen.problem or f"only the command line tools, {chosen.said}"
        return [Finding(road="iphone", need="Xcode", ok=False, found=found, remedy=remedy)]
    needs = {
        "Xcode": (["xcodebuild", "-version"], r"^Xcode (\S+)"),
        "devicectl": (["xcrun", "--find", "devicectl"], r"^(/.*)$"),
    }
    answers = {need: ask(machine, command, pattern) for need, (command, pattern) in needs.items()}
    return [
        Finding(
            road="iphone",
            need=need,
            ok=answer.said is not None,
            found=answer.said or answer.problem,
            remedy=None if answer.said else remedy,
        )
        for need, answer in answers.items()
    ]


def _opener() -> Finding:
    """What opens the page by a cable, so that no code has to be scanned."""
    from devices.browser.cable import OPENER, iphone_opener

    path = iphone_opener()
    found = path or f"{OPENER} is not on PATH (optional: it opens the page by a cable)"
    return Finding(road="iphone", need="opener", ok=True if path else None, found=found)


def _page(road: str) -> Finding:
    """The page that any device opens; built once, by Node."""
    reason = why_not_built()
    return Finding(
        road=road,
        need="page",
        ok=reason is None,
        found=reason or "built; no device was asked",
        remedy="make web" if reason else None,
    )
