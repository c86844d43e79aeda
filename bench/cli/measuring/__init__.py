"""Commands that measure or try a model on a device. Begin at run.py, then measure.py."""
