"""From a checkpoint to the files that phones run. Each exporter runs in a child process."""
