"""What is written as text? Tables, sessions, cards, snippets. Begin at tables.py."""
