"""WHAT can be measured: names, networks, checkpoints, artifacts, and what every folder shares."""
