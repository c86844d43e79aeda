"""What is drawn? Begin at charts.py for the page, figures.py for files."""
