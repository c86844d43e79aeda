"""The child process of one export: `python -m zoo.export FORMAT PRECISION SOURCE OUTPUT`.

SOURCE is a checkpoint, or the exported file that this one is made from.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path

from zoo.checkpoint import FILE_NAME, load


def main(format: str, precision: str, source: str, output: str) -> None:
    """Write the artifact; any failure is this process's own."""
    exporter = importlib.import_module(f"zoo.export.{format}")
    if Path(source).name != FILE_NAME:
        exporter.recast(Path(source), precision, Path(output))
        return
    from zoo.network import Deployed

    network, record = load(Path(source))
    exporter.export(Deployed(network).eval(), record.spec, precision, Path(output))


def end_with_parent() -> None:
    """Standard input is a pipe that the parent holds open: its end means that there is none."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    main(*sys.argv[1:])
