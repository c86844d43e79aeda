"""How are portraits drawn, of people who never were, with their labels? Begin at scene.py.

For the first ten minutes of a user without photographs, and for pretraining. Everything is drawn
from a seed: `scene.portrait(seed, index)` is the same picture on every machine of the same numpy
and Pillow, whatever else was drawn before.
"""
