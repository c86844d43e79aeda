"""What does every floor stand on? Errors, files, locks, children, downloads. Begin at errors.py and
files.py."""
