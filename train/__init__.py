"""HOW a variant gets its weights. Begin at loop.py, the trainer; settings.py says what it is
given."""
