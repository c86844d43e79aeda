"""Commands about this machine and the devices it sees. Each module holds the command of its
name."""
