"""What is stored, read once and kept as columns. Begin at read.py."""
