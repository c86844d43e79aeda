"""How does benchmark_model run on a phone, and what does it tell? Begin at session.py."""
