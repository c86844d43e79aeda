"""How is a model file run on this machine? Begin at runtime.py."""
