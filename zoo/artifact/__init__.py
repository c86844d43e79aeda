"""What is known of an exported file? Its hashes, its parity, its IoU, its graph. Begin at
manifest.py."""
