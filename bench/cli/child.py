"""A `bench` command that ends with the process that started it: `python -m bench.cli.child ...`."""

from __future__ import annotations

import sys

from zoo.base.children import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    # Locks and usage messages name the command.
    sys.argv[0] = "bench"

    from bench.cli import main

    main()
