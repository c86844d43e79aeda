"""Commands that show what was measured. Each module holds the command of its name."""
