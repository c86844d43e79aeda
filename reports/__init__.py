"""WHAT is shown of sessions. Begin at load.py, which joins them, then write.py."""
