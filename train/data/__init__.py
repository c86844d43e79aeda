"""Where do labelled photographs come from, and are they sound? Begin at dataset.py, then
prepare.py."""
