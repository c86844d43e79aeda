"""WHAT can be measured: the variants, their networks, and the files made of them. Begin at
registry.py."""
