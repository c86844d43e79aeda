"""Commands about data, training and accuracy. Each module holds the command of its name; many.py is
for several trainings at once."""
