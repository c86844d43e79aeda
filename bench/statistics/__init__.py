"""What do samples mean? Quantiles, intervals, ratios, verdicts. Begin at stats.py."""
