"""What is to be measured: which file, of what, fed with what, beside which reference."""
