"""Which variants are best, and how sure is that? Begin at pareto.py."""
