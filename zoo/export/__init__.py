"""How does a checkpoint become the files that phones run? Each exporter runs in a child process.
Begin at run.py, then targets.py."""
