"""The child process of one export: `python -m zoo.export FORMAT PRECISION CHECKPOINT OUTPUT`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from zoo.children import end_with_parent


def main(format: str, precision: str, checkpoint: str, output: str) -> None:
    """Load the checkpoint and write the artifact; any failure is this process's own."""
    from zoo.checkpoint import load
    from zoo.network import Deployed

    network, record = load(Path(checkpoint))
    exporter = importlib.import_module(f"zoo.export.{format}")
    exporter.export(Deployed(network).eval(), record.spec, precision, Path(output))


if __name__ == "__main__":
    end_with_parent()
    main(*sys.argv[1:])
