"""The page's files, as `make web` builds them from page/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from zoo.base.errors import DeviceError

FOLDER = Path(__file__).with_name("site")
MANIFEST = "manifest.json"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
}
COMPRESSED = (("br", ".br"), ("gzip", ".gz"))


@dataclass(frozen=True, kw_only=True)
class Site:
    """files: by their name below the folder, the sha256 of each. versions: of the runtimes. name:
    of the whole, other where any file is."""

    folder: Path
    files: dict[str, str]
    versions: dict[str, str]
    name: str

    def path(self, name: str, accepted: str) -> tuple[Path, str | None] | None:
        """Where a file lies, and how it is compressed; None where there is none of that name."""
        if name not in self.files:
            return None
        for encoding, suffix in COMPRESSED:
            compressed = self.folder / f"{name}{suffix}"
            if encoding in accepted and compressed.is_file():
                return compressed, encoding
        return self.folder / name, None

    def wire_bytes(self, names: list[str]) -> int:
        """What these weigh on the wire, by brotli."""
        return sum((self.folder / f"{name}.br").stat().st_size for name in names)


def why_not_built(folder: Path = FOLDER) -> str | None:
    """None where the page is there."""
    return None if (folder / MANIFEST).is_file() else "its page is not built"


def find_site(folder: Path = FOLDER) -> Site:
    """Raises DeviceError where the page was not built."""
    if why_not_built(folder):
        raise DeviceError(
            f"the page for browsers is not built: no {folder.name}/{MANIFEST}",
            expected="the page, built once with Node 20 or later",
            remedy="make web",
            code="no_page",
        )
    manifest = json.loads((folder / MANIFEST).read_text())
    files: dict[str, str] = manifest["files"]
    name = sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    return Site(folder=folder, files=files, versions=manifest["versions"], name=name)
