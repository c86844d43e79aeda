"""What is on the HTML page? Begin at page.py; templates/ holds its HTML and JavaScript."""
