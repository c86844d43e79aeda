"""How does a step use other machines, by Ray? Begin at join.py."""
