"""What was measured, and what follows from it? Each module is a command. Begin at report.py."""
