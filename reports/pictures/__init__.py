"""What is drawn? Begin at charts.py for the page, figures.py for files."""

from matplotlib import rcParams

# Names of devices, models and files are no formulas, whatever signs they hold.
rcParams["text.parse_math"] = False
