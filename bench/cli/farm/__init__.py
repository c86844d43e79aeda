"""How is one command given to many machines and their phones? Begin at farm.py.

Ray joins the machines, places the work and carries the bytes. On each machine the plain command
runs as a child, in a home of its own. The machine's own locks see to it that a device is measured
by one command at a time.
"""
