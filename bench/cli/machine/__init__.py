"""What can this machine do, and which devices does it see? Each module is a command. Begin at
devices.py."""
