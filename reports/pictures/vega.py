"""Vega, the library that draws in the page: its code, to be inlined, and our specifications."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zoo.base.files import user_home, write_text


def vega_code() -> str:
    """Vega and its embedder as one script, out of vl-convert; bundling it takes seconds, so it is
    kept in the user's cache by that package's version."""
    import vl_convert

    path = _cache() / f"vega-embed-{version('vl-convert-python')}.js"
    if not path.is_file():
        write_text(path, vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    return path.read_text(encoding="utf-8")


def compiled(chart: dict[str, Any]) -> dict[str, Any]:
    """A Vega-Lite chart as Vega, so that the page need not compile it."""
    import vl_convert

    vega: dict[str, Any] = vl_convert.vegalite_to_vega(chart)
    return vega


def _cache() -> Path:
    """Where the system has programs keep what they can make again."""
    home = user_home() or Path(tempfile.gettempdir())
    caches = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(caches) / "mobile-segmentation-zoo"
