"""What a browser tells of itself, as a device: its engine, its system, and which kind it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from devices.browser.messages import Join
from devices.records import DeviceInfo

# Safari tells no memory. WebKit is ended on a phone at 1.5 GB and well before on old ones.
MEMORY_BYTES = 10**9
# In this order: Chrome's text holds Safari's, and Edge's holds Chrome's.
ENGINES = (
    ("Edge", r"Edg(?:A|iOS)?/([\d.]+)"),
    ("Samsung Internet", r"SamsungBrowser/([\d.]+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/([\d.]+)"),
    ("Chrome", r"(?:Chrome|CriOS)/([\d.]+)"),
    ("Safari", r"Version/([\d.]+).*Safari/"),
)
KINDS = {"iphone": "an iPhone or iPad", "android": "an Android phone", "browser": "any device"}


@dataclass(frozen=True, kw_only=True)
class Browser:
    """kind: iphone, android or computer. engine: WebKit, Blink or Gecko, which does the work."""

    kind: str
    engine: str
    name: str
    version: str
    system: str

    @classmethod
    def of(cls, join: Join) -> Browser:
        agent = join.user_agent
        name, version = next(
            ((name, match[1]) for name, pattern in ENGINES if (match := re.search(pattern, agent))),
            ("unknown browser", ""),
        )
        kind = _kind(join)
        if name == "Safari" and kind == "computer" and "Macintosh" not in agent:
            name = "WebKitGTK"
        return cls(
            kind=kind,
            engine=_engine(kind, name),
            name=name,
            # The first number says which engine it is; the rest changes weekly.
            version=".".join(version.split(".")[:2]),
            system=_system(join, kind),
        )

    @property
    def text(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def device(self) -> str:
        """What it is called where nobody gave it a name."""
        if self.kind == "computer":
            return f"{self.system} computer"
        return self.system.partition(",")[0]

    def why_not(self, wanted: str) -> str | None:
        """Why it is not the kind of device that was asked for."""
        if wanted in ("browser", self.kind):
            return None
        return f"This address is for {KINDS[wanted]}. This browser is on {self.system}."


def _kind(join: Join) -> str:
    agent = join.user_agent
    if re.search(r"iPhone|iPad|iPod", agent) or ("Macintosh" in agent and join.touch):
        # An iPad asks for desktop pages, and says that it is a Macintosh; none of those has touch.
        return "iphone"
    return "android" if "Android" in agent else "computer"


def _engine(kind: str, name: str) -> str:
    if kind == "iphone" or name in ("Safari", "WebKitGTK"):
        return "WebKit"
    return "Gecko" if name == "Firefox" else "Blink"


def _system(join: Join, kind: str) -> str:
    agent = join.user_agent
    if kind == "iphone":
        # It has been frozen at 18.6; the browser's version tells more.
        device = "iPhone" if "iPhone" in agent else "iPad"
        return f"{device}, version not told"
    if kind == "android":
        told = join.platform_version or ""
        found = re.search(r"Android ([\d.]+)", agent)
        version = told.split(".")[0] or (found[1] if found else "")
        return f"Android {version}".strip()
    for pattern, system in (("Windows", "Windows"), ("Mac", "macOS"), ("CrOS", "ChromeOS")):
        if pattern in agent:
            return system
    return "Linux" if "Linux" in agent or "X11" in agent else "an unknown system"


def info_of(join: Join) -> DeviceInfo:
    """The page's device. Its figures are of this engine on this device, and so it is named."""
    browser = Browser.of(join)
    given = _printable(join.name) or _printable(join.model or "")
    device = given or browser.device
    memory = round(join.memory_gb * 2**30) if join.memory_gb else MEMORY_BYTES
    return DeviceInfo(
        kind="browser",
        name=f"{device}, {browser.text}",
        os=browser.system,
        cpu=f"{browser.engine}'s WebAssembly",
        cores=join.cores,
        memory_bytes=memory,
        emulated=join.emulated,
        unit=sha256(join.unit.encode()).hexdigest()[:12],
    )


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()
