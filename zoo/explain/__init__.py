"""Where does an exported file depart from its network in torch, layer by layer? Begin at
compare.py."""
