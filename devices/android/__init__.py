"""How is an Android phone measured? By the adb program and LiteRT's own benchmark_model.

adb/     how the phone is reached and asked
run/     how benchmark_model runs there
device   both of them behind the seam of devices/base.py: begin there
"""
