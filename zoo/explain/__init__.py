"""Where an exported file departs from its network in torch, layer by layer."""
