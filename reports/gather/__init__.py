"""What becomes a row? Sessions joined with the accuracy of the file they timed. Begin at
groups.py."""
