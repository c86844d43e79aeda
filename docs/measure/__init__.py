"""Makes the figures of README and docs again, each with a record of what it is of."""
