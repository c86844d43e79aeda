"""HOW a model is measured: in passes of fresh processes, in turns. Begin at protocol.py."""
