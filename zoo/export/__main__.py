"""The child process of one export: `python -m zoo.export FORMAT PRECISION CHECKPOINT OUTPUT`."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path


def main(format: str, precision: str, checkpoint: str, output: str) -> None:
    """Load the checkpoint and write the artifact; any failure is this process's own."""
    from zoo.checkpoint import load
    from zoo.network import Deployed

    network, record = load(Path(checkpoint))
    exporter = importlib.import_module(f"zoo.export.{format}")
    exporter.export(Deployed(network).eval(), record.spec, precision, Path(output))


def end_with_parent() -> None:
    """Standard input is a pipe that the parent holds open: its end means that there is none."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    main(*sys.argv[1:])
