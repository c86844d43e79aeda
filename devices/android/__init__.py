"""Android phones, by the adb program and LiteRT's own benchmark_model.

client      the adb program as a child process, with a deadline in all
discovery   which phones there are, and why one can not be used
phone       what a phone is: its properties
conditions  how it is: heat, power, clocks
settings    what is changed on it while measuring, and put back
storage     files on it, by their hashes
program     benchmark_model: where it comes from, which flags it knows
flags       a loop as flags
job         one run of it, to its end or its deadline
output      what it prints;  result  what it writes;  outcome  the two held together
masks       whether it computes what torch does
device      all of it behind the seam of devices/base.py
"""
