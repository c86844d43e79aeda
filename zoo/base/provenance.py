"""Which version of this project made a file, and on which machine."""

from __future__ import annotations

import functools
import hashlib
import re
import socket
import subprocess
import sys
from pathlib import Path


@functools.cache
def commit() -> str | None:
    """The commit of the source tree, with `+` where it was changed; None outside a checkout."""
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        head = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")


@functools.cache
def machine() -> str:
    """Tells this machine from others, and not which one it is: 12 hexadecimal digits of a hash."""
    identity = [_of_mac() or socket.gethostname()]
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        if path.is_file():
            identity.append(path.read_text().strip())
            break
    return hashlib.sha256("\0".join(identity).encode()).hexdigest()[:12]


def _of_mac() -> str | None:
    """What its hardware calls itself: the host name of a Mac follows its network."""
    if sys.platform != "darwin":
        return None
    command = ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'"IOPlatformUUID" = "([0-9A-F-]+)"', told.stdout)
    return found[1] if found else None


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()
