"""What is stored of a measurement, and how is it read back? Begin at record.py."""
