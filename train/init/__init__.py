"""Where do first weights come from? Begin at first_weights.py."""
