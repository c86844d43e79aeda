"""The child process of one export: `python -m zoo.export FORMAT PRECISION SOURCE OUTPUT`.

SOURCE is a checkpoint, or the exported file that this one is made from.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from zoo.checkpoint import FILE_NAME, load
from zoo.children import end_with_parent


def main(format: str, precision: str, source: str, output: str) -> None:
    """Write the artifact; any failure is this process's own."""
    exporter = importlib.import_module(f"zoo.export.{format}")
    if Path(source).name != FILE_NAME:
        exporter.recast(Path(source), precision, Path(output))
        return
    from zoo.export.fold import folded
    from zoo.network import Deployed

    network, record = load(Path(source))
    exporter.export(Deployed(folded(network)).eval(), record.spec, precision, Path(output))


if __name__ == "__main__":
    end_with_parent()
    main(*sys.argv[1:])
