"""What stands in for a phone or a browser, to try a road and to test it? Begin at phone.py, or at
page.py."""
