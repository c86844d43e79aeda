"""WHERE a model is measured: one adapter a kind of device, behind one seam. Begin at base.py."""
