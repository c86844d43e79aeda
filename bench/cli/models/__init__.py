"""What are the variants and their files, and how are they made? A module a command. Begin at
export.py."""
