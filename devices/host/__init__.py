"""How is this machine measured? A worker process holds the files of a pass. Begin at device.py."""
