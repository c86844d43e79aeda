"""How do published data sets and labelling tools lay out what they hold? Begin with `figaro.py`."""
