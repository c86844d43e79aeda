"""The child process that exports files of one format.

`python -m zoo.export FORMAT` reads requests, JSON lists a line: [SOURCE, OUTPUT, LABEL, RANGES].
SOURCE is a checkpoint, or the exported file that this one is made from; LABEL, JSON; RANGES, a
calibration, left out where it is not needed. Each made file is answered by a line. The first
failure is the process's own; it also ends as soon as its standard input does.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
from pathlib import Path

from zoo.artifact.label import Label
from zoo.checkpoint import FILE_NAME, load


def main(format: str) -> None:
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    # Converters print, also from C: answers alone go where they are read.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    while True:
        make(format, *json.loads(requests.get()))
        print("made", file=answers, flush=True)


def make(format: str, source: str, output: str, words: str, ranges: str = "") -> None:
    """Write the file; raises whatever the converters raise."""
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


def _read(requests: queue.SimpleQueue[str]) -> None:
    """Also in the middle of an export: whoever asked for it may be gone."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
