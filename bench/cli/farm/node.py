"""Ray's `start`, which ends with the process that started it: `python -m bench.cli.farm.node`."""

from __future__ import annotations

import sys

from zoo.base.children import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    sys.argv[:1] = ["ray", "start", "--block"]

    from ray.scripts.scripts import main

    main()
