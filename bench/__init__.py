"""HOW a model is measured: protocol, statistics, verdicts, and the store of sessions."""
