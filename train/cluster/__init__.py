"""How is training spread over several machines? Begin at orders.py.

Ray starts them, watches its workers and carries the bytes.

A worker needs nothing but this package: the data set and the first weights are sent to its machine
once and unpacked into a home of its own, where the plain `bench train` runs as a child. After
every epoch `resume.pt` comes back. What is kept of a training is in the driver's home alone, so it
survives whatever becomes of a worker: then the driver starts the training again, wherever Ray
finds room, from what it has.
"""
