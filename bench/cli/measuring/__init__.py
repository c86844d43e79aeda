"""How is a model measured or tried on a device? Begin at run.py, then measure.py."""
