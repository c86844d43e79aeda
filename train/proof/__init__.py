"""How right is an exported file? Its masks against torch's, its IoU over photographs. Begin at
prove.py."""
