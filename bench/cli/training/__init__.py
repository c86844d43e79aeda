"""How do commands prepare data, train and judge? A module a command. Begin at train.py; many.py is
for several trainings at once."""
