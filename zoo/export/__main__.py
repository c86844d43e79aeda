"""The child process of one export.

`python -m zoo.export FORMAT SOURCE OUTPUT LABEL [RANGES]`: SOURCE is a checkpoint, or the exported
file that this one is made from; LABEL, JSON; RANGES, a calibration.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from zoo.checkpoint import FILE_NAME, load
from zoo.children import end_with_parent
from zoo.export.label import Label


def main(format: str, source: str, output: str, words: str, ranges: str = "") -> None:
    """Write the artifact; any failure is this process's own."""
    exporter = importlib.import_module(f"zoo.export.{format}")
    label, path = Label.model_validate_json(words), Path(output)
    if Path(source).name == FILE_NAME:
        from zoo.export.fold import folded
        from zoo.network import Deployed

        network, record = load(Path(source))
        exporter.export(Deployed(folded(network)).eval(), record.spec, label, path)
    else:
        from zoo.export.ranges import read_ranges

        found = read_ranges(Path(ranges)) if ranges else None
        exporter.recast(Path(source), label, path, found)


if __name__ == "__main__":
    end_with_parent()
    main(*sys.argv[1:])
