"""How is a model of other people's fed and read? Its record, and the guesses at it. Begin at
record.py."""
