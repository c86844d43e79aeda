"""Commands about variants and their files. Each module holds the command of its name."""
